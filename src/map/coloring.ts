import {
  type ColorBy,
  divergingColors,
  ENTROPY_RANGE_BITS,
  entropyConfidence,
  type Rgb,
  scaleColors,
  type ScaleName,
} from './colors.js';
import { bits, formatFixed } from './numbers.js';
import type { Question } from './specification.js';
import { type Cells, margin } from './tokenMap.js';

/** What the colors of a map's cells tell, and what stands beside the color bar. */
export interface Coloring {
  /** As it was asked for; by probability where there are no answers to color by. */
  readonly colorBy: ColorBy;
  /** The colors mean a sign: from negative over nothing to positive. */
  readonly diverging: boolean;
  /** Name of what is told. */
  readonly name: string;
  /** From the lower end of the bar, 0 ... 1. */
  readonly ticks: readonly { readonly part: number; readonly text: string }[];
  /** Place of a cell on the scale, 0 ... 1. */
  part(cells: Cells, cell: number): number;
}

const percents = [0, 20, 40, 60, 80, 100];
const percentTicks = percents.map((percent) => ({ part: percent / 100, text: `${percent}%` }));

/** How a map is colored. `question`: what its answers answer. */
export function coloringOf(cells: Cells, question: Question | null, colorBy: ColorBy): Coloring {
  const base = { colorBy, diverging: false } as const;
  const first = (of: Cells, cell: number): number => of.probabilities[cell * of.topK] ?? 0;
  const probability = { ...base, name: 'Probability', ticks: percentTicks, part: first };
  switch (colorBy) {
    case 'probability':
    case 'token':
      return probability;
    case 'margin':
      return {
        ...base,
        name: 'Margin',
        ticks: percents.map((percent) => ({ part: percent / 100, text: `${percent} pts` })),
        part: margin,
      };
    case 'entropy':
      return {
        ...base,
        name: 'Entropy',
        ticks: [12, 9, 6, 3, 0].map((value) => ({
          part: 1 - value / ENTROPY_RANGE_BITS,
          text: value === ENTROPY_RANGE_BITS ? `≥${value} bits` : `${value} bits`,
        })),
        part: (of, cell) => entropyConfidence(of.entropy[cell] ?? 0),
      };
    case 'question':
      return question && cells.answers ? answers(cells, question) : { ...probability, colorBy: 'probability' };
  }
}

/** The scale of a question's answers: all of 0 ... 100 %, as far to both sides of 0 as they go, or from 0 on. */
function answers(cells: Cells, question: Question): Coloring {
  const answer = (of: Cells, cell: number): number => of.answers?.[cell] ?? 0;
  const base = { colorBy: 'question', diverging: false } as const;
  if (question.kind === 'probability') return { ...base, name: 'Probability', ticks: percentTicks, part: answer };
  const nats = question.kind === 'divergence';
  let largest = 0;
  cells.answers?.forEach((value, cell) => {
    const size = Math.abs(nats ? bits(value) : value);
    if (cells.computed[cell] && Number.isFinite(size)) largest = Math.max(largest, size);
  });
  const limit = roundLimit(largest);
  const decimals = limit < 2 ? 2 : limit < 20 ? 1 : 0;
  const steps = [0, 0.25, 0.5, 0.75, 1];
  if (nats)
    return {
      ...base,
      name: 'Divergence',
      ticks: steps.map((part) => ({
        part,
        text: `${formatFixed(part * limit, decimals)}${part === 1 ? ' bits' : ''}`,
      })),
      part: (of, cell) => Math.min(1, bits(answer(of, cell)) / limit),
    };
  return {
    ...base,
    diverging: true,
    name: 'Logits',
    ticks: steps.map((part) => {
      const value = (2 * part - 1) * limit;
      return { part, text: `${value > 0 ? '+' : ''}${formatFixed(value, decimals)}` };
    }),
    part: (of, cell) => (answer(of, cell) / limit + 1) / 2,
  };
}

/** The next of 1, 2, 4, 5, 8 times a power of ten: a bar's end that can be read. */
function roundLimit(largest: number): number {
  if (!(largest > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(largest));
  return power * ([1, 2, 4, 5, 8, 10].find((factor) => factor * power >= largest * (1 - 1e-9)) ?? 10);
}

/** The 256 colors of a coloring, from the bar's lower end. Tokens' are others: `tokenColor`. */
export const coloringColors = ({ diverging }: Coloring, scale: ScaleName): readonly Rgb[] =>
  diverging ? divergingColors(scale) : scaleColors(scale);
