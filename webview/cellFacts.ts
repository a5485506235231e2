import { t } from '@vscode/l10n';
import { questionBrief } from '../src/map/naming.js';
import { formatTimes } from '../src/map/normsText.js';
import { formatBits, formatEqualChoices, formatFixed, formatPoints } from '../src/map/numbers.js';
import { answerOf, questionsOf } from '../src/map/questions.js';
import { nearestMark, type Norms, typicalNorm } from '../src/map/survey.js';
import { margin } from '../src/map/tokenMap.js';
import { answerText } from './answer.js';
import { formatX, normAt, placeOfCell, ranking } from './cell.js';
import { h, setAttributes, setText, show } from './dom.js';
import { markName } from './map/overlayMarks.js';
import { createNormGauge } from './normGauge.js';
import { type PageMap, tokenOf } from './pageMap.js';
import { tokenText } from './tokenText.js';

export interface CellFacts {
  readonly element: HTMLElement;
  /**
   * @param stand the cell that stands for it while it is not computed; below 0: none does
   * @param lines which lines are there before it is known what stands in them, so that nothing below them moves: `waits`, those of what
   *   is still computed; `asks`, that of an answer, where nothing is asked yet
   */
  update(map: PageMap, cell: number, stand: number, lines: { readonly waits: boolean; readonly asks: boolean }): void;
}

/** What is known of a cell in numbers: where it is, how sure its token is, how long its vector, what is near, the answer of one question. */
export function createCellFacts(): CellFacts {
  const position = createFact(t('Position'));
  const over = createFact(t('Margin'));
  const entropy = createFact(t('Entropy'));
  const normNumber = h('span');
  const gauge = createNormGauge();
  const norm = createFact(t('Norm'), { class: 'norm' }, normNumber, gauge.element);
  const nearestName = h('span', { class: 'nearest-name' });
  const nearestAway = h('span', { class: 'faint' });
  const nearest = createFact(t('Nearest'), { class: 'nearest' }, nearestName, nearestAway);
  const answer = createFact(t('Answer'));
  const facts = [position, over, entropy, norm, nearest, answer];
  const element = h('dl', {}, ...facts.flatMap(({ name, value }) => [name, value]));
  return {
    element,
    update(map, cell, stand, { waits, asks }) {
      const { x, y } = placeOfCell(map, cell);
      setText(position.value, t('x {0}, y {1}', formatX(map, x), formatX(map, y)));
      over.value.replaceChildren(...marginParts(map, stand));
      entropy.value.replaceChildren(...entropyParts(map.cells.entropy[stand]));
      const norms = map.survey?.norms ?? null;
      showFact(norm, map.finish !== null || waits);
      if (!map.finish) {
        setText(normNumber, '–');
        gauge.update(null, 0);
      } else {
        const length = normAt(map.finish.gram, x, y);
        normNumber.replaceChildren(...normParts(length, norms));
        gauge.update(norms, length);
      }
      const near = map.survey ? nearestMark(map.survey, x, y) : undefined;
      showFact(nearest, near !== undefined || (waits && !map.survey && hasMarks(map)));
      if (!near) {
        setText(nearestName, '–');
        setText(nearestAway, '');
        setAttributes(nearest.value, { title: undefined });
      } else {
        const typical = norms ? typicalNorm(norms) : 0;
        setText(nearestName, markName(near.mark));
        setText(nearestAway, typical > 0 ? t('{0} × typical away', formatTimes(near.distance / typical)) : '');
        setAttributes(nearest.value, { title: markName(near.mark) });
      }
      const answered = answerParts(map, stand) ?? (asks ? unasked(map) : undefined);
      showFact(answer, answered !== undefined);
      if (answered) {
        setText(answer.name, answered.name);
        answer.value.replaceChildren(...answered.value);
      }
    },
  };
}

/** A number and what it is called. */
interface Fact {
  readonly name: HTMLElement;
  readonly value: HTMLElement;
}

const createFact = (name: string, attributes: { readonly class?: string } = {}, ...parts: readonly Node[]): Fact => ({
  name: h('dt', {}, name),
  value: h('dd', attributes, ...parts),
});

function showFact({ name, value }: Fact, visible: boolean): void {
  show(name, visible);
  show(value, visible);
}

function marginParts(map: PageMap, stand: number): (Node | string)[] {
  const [, second] = stand < 0 ? [] : ranking(map, stand);
  if (!second) return ['–'];
  return [
    `${formatPoints(margin(map.cells, stand))} `,
    h('span', { class: 'faint' }, t('over '), tokenText(tokenOf(map, second.id))),
  ];
}

const entropyParts = (nats: number | undefined): (Node | string)[] =>
  nats === undefined
    ? ['–']
    : [`${formatBits(nats)} `, h('span', { class: 'faint' }, t('≈ {0} equal choices', formatEqualChoices(nats)))];

function normParts(length: number, norms: Norms | null): (Node | string)[] {
  const typical = norms ? typicalNorm(norms) : 0;
  // Whole where it is large, else with two significant digits.
  const text = formatFixed(length, length >= 99.5 ? 0 : length >= 9.95 ? 1 : 2);
  if (typical <= 0) return [text];
  return [text, h('span', { class: 'faint' }, t('  {0} × typical', formatTimes(length / typical)))];
}

/** Whether something may be marked on a map's plane. */
const hasMarks = ({ specification: { plane, overlays } }: PageMap): boolean =>
  plane.center.kind !== 'origin' || plane.axes.method === 'directions' || overlays.length > 0;

interface Answered {
  readonly name: string;
  readonly value: readonly (Node | string)[];
}

/** What stands in its place where nothing is asked. */
const unasked = (map: PageMap): Answered | undefined =>
  questionsOf(map.specification).length === 0
    ? { name: t('Asked'), value: [h('span', { class: 'faint' }, t('nothing: click a token'))] }
    : undefined;

/** The answer of a map's only question; several have a list of their own. */
function answerParts(map: PageMap, stand: number): Answered | undefined {
  const [question, ...others] = questionsOf(map.specification);
  if (!question || others.length > 0) return undefined;
  const { kind } = question;
  const name = kind === 'divergence' ? 'KL' : kind === 'difference' ? t('Logits') : t('Asked');
  const answered = stand >= 0 ? answerOf(map.cells, stand, 0) : undefined;
  if (answered === undefined) return { name, value: ['–'] };
  const of = kind === 'divergence' ? t('from the prompt’s own') : questionBrief(question);
  return { name, value: [`${answerText(question, answered)} `, h('span', { class: 'faint' }, of)] };
}
