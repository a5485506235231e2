import { askedQuestion, type AskedQuestion } from '../map/questions.js';
import { boundaryLine } from '../map/boundaries/words.js';
import { type ColorBy } from '../map/colors.js';
import { safeText } from '../map/display.js';
import { faithfulness, faithfulWords } from '../map/faithfulness.js';
import { gridWindow } from '../map/grid.js';
import { interventionWords } from '../map/interventionWords.js';
import { DEFAULT_DISPLAY } from '../map/mapDisplay.js';
import {
  askedWords,
  type AxisWords,
  axisWords,
  contextWords,
  type KnownPlane,
  layerWords,
  madeWords,
  lengthsWords,
  lengthText,
  overlayWords,
  planeWords,
  questionWords,
  translatorWords,
} from '../map/naming.js';
import { ringParts } from '../map/normRings.js';
import { formatCount, formatShort } from '../map/numbers.js';
import { gramOf } from '../map/plane.js';
import type { Readout } from '../map/specification.js';
import { typicalNorm } from '../map/survey.js';
import type { Approximation, TokenMap } from '../map/tokenMap.js';

/** The words of a figure. All are safe lines: names and prompts come from outside. */
export interface FigureWords {
  readonly title: string;
  readonly subtitle: string;
  /** What an axis is called, from all that is told to the least: the first that has room is drawn. */
  readonly xAxis: readonly string[];
  readonly yAxis: readonly string[];
  /** Parts of the caption; drawn with "·" between them, broken into lines between parts. */
  readonly caption: readonly string[];
}

const COLOR_WORDS: Readonly<Record<Exclude<ColorBy, 'question'>, string>> = {
  probability: 'color is the probability of the winning token',
  token: 'color is the token, darker where it is more probable',
  margin: 'color is the margin between the two most probable tokens',
  entropy: 'color is the entropy of the whole distribution',
};

/** What color tells, in a part of a sentence. */
const colorWords = (colorBy: ColorBy, asked: AskedQuestion | null): string =>
  colorBy !== 'question' ? COLOR_WORDS[colorBy] : asked ? `color is ${questionWords(asked.question)}` : '';

const READOUT_WORDS: Readonly<Record<Readout, string>> = {
  forward: '',
  lens: 'Logit lens. ',
  unembed: 'Unembedding alone. ',
  tuned: 'Tuned lens. ',
  jacobian: 'Jacobian lens. ',
};

export function figureWords(map: TokenMap, colorBy: ColorBy): FigureWords {
  const { specification, runtime, facts, cells } = map;
  const { grid, plane, layer, readout, model, overlays } = specification;
  const { marks, ring, asked } = map.display ?? DEFAULT_DISPLAY;
  const known: KnownPlane = { gram: gramOf(map.plane), ...map.survey };
  const name = safeText(model.name, 80);
  const computed = cells.computed.reduce((sum, one) => sum + one, 0);
  const all = grid.columns * grid.rows;
  return {
    title: `Most probable next token after ${layerWords(layer)} of ${name}`,
    subtitle: `${READOUT_WORDS[readout]}${planeWords(plane)}; ${colorWords(colorBy, askedQuestion(specification, asked))}`,
    xAxis: axisNames('x', axisWords(plane, 'x', known)),
    yAxis: axisNames('y', axisWords(plane, 'y', known)),
    caption: [
      `${name}, ${safeText(model.file, 80)} (${facts.numberType} weights, SHA-256 ${model.sha256.slice(0, 12)}…)`,
      layer === 'embeddings'
        ? `embeddings, before layers 0–${facts.blocks - 1}`
        : `layer ${layer} of 0–${facts.blocks - 1}`,
      `${readout} readout`,
      ...(specification.translator ? [translatorWords(specification.translator)] : []),
      `plane: ${madeWords(plane)}`,
      ...(runtime.ownPlane ? ['own plane, not that of the other maps of its series'] : []),
      ...(plane.orthogonal ? ['v made orthogonal to u'] : []),
      ...(plane.lengths === 'own' ? [] : [`length of the axes: ${lengthsWords(plane.lengths, known)}`]),
      ...(plane.sample ? [`typical norm measured on ${textsWords(plane.sample.length)}`] : []),
      ...askedWords(specification).map((named) => named.join(': ')),
      `context: ${contextWords(specification.context)}`,
      ...specification.interventions.map((one) => `intervention: ${interventionWords(one, 40)}`),
      `${formatCount(grid.columns)} × ${formatCount(grid.rows)} cells, spacing ${formatShort(grid.spacing)}, center (${grid.center.map(formatShort).join(', ')})`,
      ...(map.regions ? [exactWords(map.regions.polygons.length)] : []),
      ...(marks && overlays.length > 0
        ? [`shown besides: ${overlays.map((overlay) => overlayWords(overlay)).join(', ')}`]
        : []),
      ...(marks ? faithfulLine(map) : []),
      ...(map.survey?.boundary ? [boundaryLine(map.survey.boundary)] : []),
      ...(ring ? ringWords(map) : []),
      ...adaptiveWords(specification.adaptive, runtime.approximation, all),
      ...(computed < all ? [`not finished: ${formatCount(computed)} of ${formatCount(all)} cells`] : []),
      `Embedding Grid ${safeText(runtime.version, 40)}`,
    ],
  };
}

/** The letters of vectors are explained below the map: their names do not tell them again. */
const axisNames = (axis: 'x' | 'y', { name, notes }: AxisWords): string[] => [
  `${axis}   (${[name, ...notes].join(', ')})`,
  `${axis}   (${name})`,
  axis,
];

const textsWords = (count: number): string => (count === 1 ? '1 text' : `${formatCount(count)} texts`);

function adaptiveWords(adaptive: boolean, approximation: Approximation | undefined, cells: number): string[] {
  if (!approximation) return adaptive ? ['adaptive: no cell was filled in'] : [];
  const { filled, checked, differing } = approximation;
  return [
    `approximate: ${formatCount(filled)} of ${formatCount(cells)} cells filled in; of ${formatCount(checked)} checked ${formatCount(differing)} differ`,
  ];
}

function faithfulLine({ survey }: TokenMap): string[] {
  const counts = survey && faithfulness(survey);
  return counts ? [faithfulWords(counts)] : [];
}

/** Of the ring, where the window has some of it. */
function ringWords({ survey, specification: { grid } }: TokenMap): string[] {
  if (!survey?.norms) return [];
  const typical = typicalNorm(survey.norms);
  const seen = ringParts(survey.gram, typical, gridWindow(grid), grid.spacing).length > 0;
  return seen ? [`ring: typical norm, ${lengthText(typical)}`] : [];
}

const exactWords = (tokens: number): string =>
  `exact regions: ${tokens === 1 ? '1 token wins' : `${formatCount(tokens)} tokens win`} somewhere in this window`;
