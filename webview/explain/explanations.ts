import { t } from '@vscode/l10n';
import { anchor, box, type Shape } from './picture.js';

/** What a group of the page is about. */
export interface Explanation {
  /** A sentence or two, in the documentation's own terms. */
  readonly text: string;
  /** Those terms: the documentation explains each of them. */
  readonly terms: readonly string[];
  readonly picture: readonly Shape[];
}

/** Blocks of a model in a row, from x on. */
const blocks = (x: number, looks: readonly ('line' | 'soft' | 'accent')[]): Shape[] =>
  looks.map((look, i) => ({ d: box(x + 22 * i, 16, 16, 24), look }));
const arrow = (x0: number, y0: number, x1: number, y1: number): Shape => {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = Math.hypot(dx, dy);
  const [ux, uy] = [(4 * dx) / length, (4 * dy) / length];
  const head = `M${x1 - ux - uy} ${y1 - uy + ux}L${x1} ${y1}L${x1 - ux + uy} ${y1 - uy - ux}`;
  return { d: `M${x0} ${y0}L${x1} ${y1}${head}`, look: 'line' };
};
const cells = (x: number, y: number, count: number, side: number): Shape => ({
  d: Array.from({ length: count + 1 }, (_, i) => {
    const at = (i * side) / count;
    return `M${x} ${y + at}h${side}M${x + at} ${y}v${side}`;
  }).join(''),
  look: 'line',
});
/** Tokens of a prompt; `at` is the one whose place the vector takes. */
const tokens = (at: number): Shape[] =>
  [0, 1, 2, 3].map((i) => ({ d: box(38 + 38 * i, 18, 32, 20), look: i === at ? 'accent' : 'line' }));

/** By the name of the group. */
export const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  model: {
    text: t(
      'The language model whose answers the map shows. A text becomes one vector per token, layer by layer; the last vector becomes a probability for every token that could come next.',
    ),
    terms: ['layer by layer', 'one vector per token'],
    picture: [
      { at: [30, 32], text: t('text') },
      arrow(46, 28, 62, 28),
      ...blocks(68, ['line', 'line', 'line', 'line']),
      arrow(158, 28, 174, 28),
      { at: [198, 32], text: t('token') },
    ],
  },
  layer: {
    text: t(
      'The vector replaces the output of this layer’s block; the blocks behind it still run. The readout decides what is asked: forward is the model’s own prediction, the logit lens skips the remaining blocks.',
    ),
    terms: ['layer', 'block', 'readout', 'forward', 'logit lens', 'remaining blocks'],
    picture: [
      ...blocks(50, ['soft', 'soft', 'accent', 'line', 'line']),
      { at: [102, 10], text: t('vector') },
      arrow(166, 28, 184, 28),
    ],
  },
  plane: {
    text: t(
      'Every cell lies on one plane through the hidden space: h = c + x u + y v. A is the center c at (0, 0), B lies at (1, 0), C at (0, 1). Between them no text has ever been.',
    ),
    terms: ['plane', 'h = c + x u + y v'],
    picture: [
      { d: 'M40 50L96 8H200L144 50z', look: 'soft' },
      arrow(92, 38, 140, 38),
      arrow(92, 38, 112, 20),
      ...anchor('A', 84, 38),
      ...anchor('B', 150, 38),
      ...anchor('C', 120, 15),
    ],
  },
  center: {
    text: t(
      'The center is the vector at (0, 0). The middle is the point of the plane that the map is drawn around; the spacing lies between neighboring cells. Fit brings A, B and C into the middle half of the map, or the typical norm to its edge.',
    ),
    terms: ['spacing', 'typical norm'],
    picture: [
      cells(84, 4, 4, 48),
      { at: [108, 28], r: 3, look: 'accent' },
      { d: 'M140 34h12M140 31v6M152 31v6', look: 'line' },
      { at: [176, 38], text: t('spacing') },
    ],
  },
  grid: {
    text: t(
      'How many cells are computed along x and y, each one a run of the model. The lock says what stays when that changes: the window, so that more cells are finer, or the spacing, so that they reach farther.',
    ),
    terms: ['cell', 'spacing'],
    picture: [cells(40, 4, 4, 48), arrow(100, 28, 120, 28), cells(132, 4, 8, 48)],
  },
  context: {
    text: t(
      'The positions around the vector keep their own values, and the vector takes the place of one token. With no context a position sees itself alone, as only the first token of a text does.',
    ),
    terms: ['context', 'positions', 'keep their own values', 'no context'],
    picture: [...tokens(3), { at: [168, 52], text: t('vector') }, { at: [92, 52], text: t('as in the text') }],
  },
  question: {
    text: t(
      'Colors can answer questions instead: the probability of a token, of a set of tokens or of all that a regular expression matches, the logit difference of two, the divergence from the prompt’s own prediction, or a feature of a sparse autoencoder or a probe. Several are answered in one run; a click on another colors by it. Tokens that are left out never win.',
    ),
    terms: ['question', 'logit difference', 'divergence'],
    picture: [
      { d: box(32, 20, 40, 16), look: 'pale' },
      { d: box(72, 20, 40, 16), look: 'middle' },
      { d: box(112, 20, 40, 16), look: 'dark' },
      { at: [52, 50], text: '␣she' },
      { at: [132, 50], text: '␣he' },
    ],
  },
  interventions: {
    text: t(
      'Changes of the model’s computation, in the order in which they act: a block is skipped, a part of it set to zero or to other values, a vector added. All else is the same, so that the map with them beside the map without shows what that part does.',
    ),
    terms: ['vector'],
    picture: [...blocks(38, ['line', 'line', 'accent', 'line', 'line', 'line'])],
  },
  overlays: {
    text: t(
      'Overlays show real states at their feet on the plane, with their distance from it. The ring is where vectors are as long as the layer’s typical norm; between the dashed rings nine of ten real states lie.',
    ),
    terms: ['overlays', 'real states', 'feet on the plane', 'ring', 'typical norm'],
    picture: [
      { at: [80, 28], r: 12, look: 'dashed' },
      { at: [80, 28], r: 18, look: 'line' },
      { at: [80, 28], r: 25, look: 'dashed' },
      { d: 'M160 34l6 8l-6 8l-6 -8z', look: 'accent' },
      { d: 'M160 8V34', look: 'dashed' },
      { at: [160, 8], r: 3, look: 'fill' },
    ],
  },
  lens: {
    text: t(
      'What a prompt says at every layer and position, as if the model stopped there: the readout turns the hidden state into tokens. A click makes a cell the center of the map. A token that is followed is told by its rank, #1 is first, and its probability.',
    ),
    terms: ['layer', 'readout'],
    picture: [
      cells(40, 4, 4, 48),
      { d: box(64, 16, 12, 12), look: 'accent' },
      arrow(100, 22, 120, 22),
      { at: [150, 26], text: t('token') },
    ],
  },
  advanced: {
    text: t(
      'How it is computed: the device, how many cells a run of the model takes, how many of a cell’s tokens are kept, and the ordinary text that the typical norm is measured on.',
    ),
    terms: ['typical norm', 'ordinary text'],
    picture: [
      cells(40, 4, 4, 48),
      { d: box(40, 4, 24, 24), look: 'accent' },
      arrow(100, 28, 120, 28),
      ...blocks(132, ['line', 'line', 'line']),
    ],
  },
};
