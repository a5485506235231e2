import { type ColorBy } from '../map/colors.js';
import { safeText } from '../map/display.js';
import { gridWindow } from '../map/grid.js';
import { ringParts } from '../map/normRings.js';
import { formatCount, formatPercent, formatShort } from '../map/numbers.js';
import type {
  Axes,
  Center,
  Direction,
  Layer,
  MapSpecification,
  Question,
  Readout,
  TokenName,
  VectorSource,
} from '../map/specification.js';
import { type Survey, typicalNorm } from '../map/survey.js';
import type { Approximation, TokenMap } from '../map/tokenMap.js';

/** The words of a figure. All are safe lines: names and prompts come from outside. */
export interface FigureWords {
  readonly title: string;
  readonly subtitle: string;
  readonly xAxis: string;
  readonly yAxis: string;
  /** Parts of the caption; drawn with "·" between them, broken into lines between parts. */
  readonly caption: readonly string[];
}

const COLOR_WORDS: Readonly<Record<ColorBy, string>> = {
  probability: 'color is the probability of the winning token',
  token: 'color is the token, darker where it is more probable',
  margin: 'color is the margin between the two most probable tokens',
  entropy: 'color is the entropy of the whole distribution',
  question: '',
};

/** A token that a person has named, its spaces to be seen. */
const named = (token: TokenName): string =>
  typeof token === 'number' ? `#${token}` : `“${safeText(token, 40).replaceAll(' ', '\u2423')}”`;

/** What color tells, in a part of a sentence. */
function colorWords(colorBy: ColorBy, question: Question | null): string {
  if (colorBy !== 'question' || !question) return COLOR_WORDS[colorBy];
  switch (question.kind) {
    case 'probability':
      return `color is the probability of ${named(question.token)}`;
    case 'difference':
      return `color is the logit of ${named(question.first)} less that of ${named(question.second)}`;
    case 'divergence':
      return 'color is the divergence of the prediction from the context’s own, D(own ‖ cell)';
  }
}

const READOUT_WORDS: Readonly<Record<Readout, string>> = {
  forward: '',
  lens: 'Logit lens. ',
  unembed: 'Unembedding alone. ',
};

const layerWords = (layer: Layer): string => (layer === 'embeddings' ? 'the embeddings' : `layer ${layer}`);

/** The words of a map's figure. */
export function figureWords(map: TokenMap, colorBy: ColorBy): FigureWords {
  const { specification, runtime, facts, cells } = map;
  const { grid, plane, layer, readout, model } = specification;
  const [x, y] = axisWords(plane, map.survey?.explained ?? null);
  const name = safeText(model.name, 80);
  const computed = cells.computed.reduce((sum, one) => sum + one, 0);
  const all = grid.columns * grid.rows;
  return {
    title: `Most probable next token after ${layerWords(layer)} of ${name}`,
    subtitle: `${READOUT_WORDS[readout]}${planeWords(plane)}; ${colorWords(colorBy, specification.question)}`,
    xAxis: `x   (${x})`,
    yAxis: `y   (${y})`,
    caption: [
      `${name}, ${safeText(model.file, 80)} (${facts.numberType} weights, SHA-256 ${model.sha256.slice(0, 12)}…)`,
      layer === 'embeddings'
        ? `embeddings, before layers 0–${facts.blocks - 1}`
        : `layer ${layer} of 0–${facts.blocks - 1}`,
      `${readout} readout`,
      `plane: ${methodWords(plane.axes)}, h = c + x u + y v, ${plane.center.kind === 'origin' ? 'c = 0' : `c ${centerWords(plane.center)}`}`,
      ...(specification.masked.length > 0 ? [`left out: ${specification.masked.map(named).join(', ')}`] : []),
      `context: ${contextWords(specification)}`,
      `${formatCount(grid.columns)} × ${formatCount(grid.rows)} cells, spacing ${formatShort(grid.spacing)}, center (${grid.center.map(formatShort).join(', ')})`,
      ...(map.regions ? [exactWords(map.regions.polygons.length)] : []),
      ...ringWords(map),
      ...(runtime.approximation ? [approximationWords(runtime.approximation, all)] : []),
      ...(computed < all ? [`not finished: ${formatCount(computed)} of ${formatCount(all)} cells`] : []),
      `seed: ${plane.axes.method === 'random_projection' ? plane.axes.seed : 'not used'}`,
      `Embedding Grid ${safeText(runtime.version, 40)}`,
    ],
  };
}

const approximationWords = ({ filled, checked, differing }: Approximation, cells: number): string =>
  `approximate: ${formatCount(filled)} of ${formatCount(cells)} cells filled in; of ${formatCount(checked)} checked ${formatCount(differing)} differ`;

/** Of the ring, where the window has some of it. */
function ringWords({ survey, specification: { grid } }: TokenMap): string[] {
  if (!survey?.norms) return [];
  const typical = typicalNorm(survey.norms);
  const seen = ringParts(survey.gram, typical, gridWindow(grid), grid.spacing).length > 0;
  return seen ? [`ring: typical norm, ${formatShort(Number(typical.toPrecision(3)))}`] : [];
}

const exactWords = (tokens: number): string =>
  `exact regions: ${tokens === 1 ? '1 token wins' : `${formatCount(tokens)} tokens win`} somewhere in this window`;

function planeWords({ axes, center }: MapSpecification['plane']): string {
  if (axes.method === 'direct')
    return `Plane of dimensions ${axes.dimensions[0]} and ${axes.dimensions[1]} of the hidden state`;
  if (axes.method === 'replicated') return 'Plane of the even and the odd dimensions of the hidden state';
  // The letters of a plane through prompts are told in the key.
  if (axes.method === 'directions' && isState(axes.x) && isState(axes.y) && center.kind !== 'origin')
    return `Plane through the hidden states of three prompts`;
  const through = `${center.kind === 'origin' ? 'through' : 'around'} ${centerWords(center)}`;
  if (axes.method === 'directions')
    return `Plane along ${directionWords(axes.x)} and ${directionWords(axes.y)}, ${through}`;
  return axes.method === 'pca_basis'
    ? `Principal plane of ${formatCount(axes.texts.length)} texts, ${through}`
    : `Random plane ${through}`;
}

/** A vector, by what it means. */
function sourceWords(source: VectorSource): string {
  switch (source.kind) {
    case 'prompt':
      return `“${safeText(source.text, 60)}”`;
    case 'tokens':
      return `${formatCount(source.ids.length)} tokens`;
    case 'mean':
      return `the mean of ${formatCount(source.prompts.length)} prompts`;
    case 'row':
      return `${source.matrix} of ${typeof source.token === 'number' ? `#${source.token}` : `“${safeText(source.token, 40)}”`}`;
    case 'vector':
      return source.name === undefined ? 'a given vector' : safeText(source.name, 60);
  }
}

const centerWords = (center: Center): string =>
  center.kind === 'origin'
    ? 'the origin of the hidden space'
    : center.kind === 'texts'
      ? 'the mean of the texts'
      : sourceWords(center);

const directionWords = (direction: Direction): string =>
  direction.kind === 'random' ? `a random direction, seed ${direction.seed}` : sourceWords(direction);

function methodWords(axes: Axes): string {
  if (axes.method === 'direct') return `direct, dimensions ${axes.dimensions[0]} and ${axes.dimensions[1]}`;
  return {
    replicated: 'replicated',
    random_projection: 'random projection',
    directions: 'directions',
    pca_basis: 'principal components',
  }[axes.method];
}

const isState = ({ kind }: Direction): boolean => kind === 'prompt' || kind === 'tokens' || kind === 'mean';

function axisWords({ axes }: MapSpecification['plane'], explained: Survey['explained']): [string, string] {
  if (axes.method === 'direct') return [`dimension ${axes.dimensions[0]}`, `dimension ${axes.dimensions[1]}`];
  if (axes.method === 'replicated') return ['even dimensions', 'odd dimensions'];
  if (axes.method === 'directions') {
    const name = (direction: Direction, badge: string): string =>
      isState(direction) ? `toward ${badge}` : `along ${directionWords(direction)}`;
    return [name(axes.x, 'B'), name(axes.y, 'C')];
  }
  if (axes.method === 'pca_basis') {
    const share = (i: number): string =>
      explained ? `, ${formatPercent(explained.ratio[i] ?? 0)} of the variance` : '';
    return [`first principal component${share(0)}`, `second principal component${share(1)}`];
  }
  return ['along u, random, length 1', 'along v, random, length 1'];
}

function contextWords({ context }: MapSpecification): string {
  if (context.kind === 'none') return 'none';
  if (context.kind === 'bos') return 'BOS';
  if (context.kind === 'tokens') {
    const shown = context.ids.slice(0, 24).join(' ');
    const { position = -1 } = context;
    const where = position === -1 ? 'the last one' : `the one at position ${position}`;
    return `tokens ${shown}${context.ids.length > 24 ? ' …' : ''}, ${where} replaced`;
  }
  const { position = -1 } = context;
  const where = position === -1 ? 'its last token' : `its token at position ${position}`;
  return `prompt “${safeText(context.text, 120)}”${context.chat === true ? ' as a chat' : ''}, ${where} replaced`;
}
