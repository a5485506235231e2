import { divergence } from '../map/compare/divergence.js';
import { Fault } from '../map/fault.js';
import { refinement } from '../map/refinement.js';
import type { MapParameters } from '../map/specification.js';
import { type CallContext, stopIfCancelled } from '../protocol/channel.js';
import type { DivergenceBatch, DivergenceEvent, DivergenceResult } from '../protocol/engine.js';
import type { LogitSource } from './logitSource.js';
import type { Model } from './model/model.js';
import type { Opened } from './opened.js';
import { several } from '../map/numbers.js';
import { readParameters } from './reading.js';

/** One of two maps that are compared. */
export interface Side {
  readonly opened: Opened;
  readonly parameters: MapParameters;
}

/** Tokens that are gone through before a cancel is let in: a tenth of a second. */
const BREATH = 1e6;
/** Share of the tokens that may be called differently in one vocabulary: special ones that a fine-tuning renamed. */
const RENAMED = 0.01;

/**
 * How far apart the predictions of two maps are, cell by cell, over the whole vocabulary. Each side's logits come the way that its
 * map's cells would; a map beside itself gives 0.
 * @throws Fault `bad-parameter` where the grids differ in size, the vocabularies in tokens, or what is masked.
 */
export async function divergences(
  a: Side,
  b: Side,
  batchSize: number,
  only: Int32Array | undefined,
  { emit, signal }: Pick<CallContext<DivergenceEvent>, 'emit' | 'signal'>,
): Promise<DivergenceResult> {
  const { columns, rows } = a.parameters.grid;
  const other = b.parameters.grid;
  if (columns !== other.columns || rows !== other.rows)
    throw new Fault({
      code: 'bad-parameter',
      message: `A grid of ${columns} × ${rows} cells cannot be compared with one of ${other.columns} × ${other.rows}.`,
      hint: 'Draw both maps with the same columns and rows.',
    });
  const renamed = comparedVocabularies(a.opened.model, b.opened.model);
  if (renamed > 0)
    emit({
      kind: 'notice',
      message: `${several(renamed, 'token is', 'tokens are')} called differently by the two models; all are compared by number.`,
    });
  const [reading, beside] = [
    await readParameters(a.opened, a.parameters),
    await readParameters(b.opened, b.parameters),
  ];
  if (JSON.stringify(reading.race.masked) !== JSON.stringify(beside.race.masked))
    throw new Fault({
      code: 'bad-parameter',
      message:
        'The two maps leave different tokens out: their divergence is infinite wherever one of them is predicted.',
      hint: 'Mask the same tokens in both.',
    });
  const [left, right] = [
    await reading.ground.sources.logits(reading, a.parameters, batchSize),
    await beside.ground.sources.logits(beside, b.parameters, batchSize),
  ];
  const order = refinement(columns, rows, only);
  const total = order.cells.length;
  const started = performance.now();
  let [done, undefinedCells] = [0, 0];
  while (done < total) {
    stopIfCancelled(signal);
    const count = Math.min(left.next(), right.next(), total - done);
    const cells = order.cells.slice(done, done + count);
    let rowsOf: Awaited<ReturnType<LogitSource['rows']>>[];
    try {
      rowsOf = [await left.rows(cells), await right.rows(cells)];
    } catch (error) {
      if (!left.shrink(error, count) || !right.shrink(error, count)) throw error;
      continue;
    }
    const batch = await compared(cells, rowsOf, signal);
    undefinedCells += count - batch.indices.length;
    done += count;
    const milliseconds = performance.now() - started;
    emit({ kind: 'divergences', batch, done, total, secondsLeft: ((milliseconds / done) * (total - done)) / 1000 });
  }
  return { cells: total - undefinedCells, undefinedCells, seconds: (performance.now() - started) / 1000 };
}

/** Cells whose numbers are not finite are left out. */
async function compared(
  cells: Int32Array,
  [left, right]: ((i: number) => Float32Array)[],
  signal: AbortSignal,
): Promise<DivergenceBatch> {
  const found: { readonly cell: number; readonly ab: number; readonly ba: number; readonly js: number }[] = [];
  let gone = 0;
  for (const [i, cell] of cells.entries()) {
    const row = left?.(i) ?? new Float32Array(0);
    const one = divergence(row, right?.(i) ?? row);
    if (Number.isFinite(one.ab) && Number.isFinite(one.ba)) found.push({ cell, ...one });
    gone += row.length;
    if (gone < BREATH) continue;
    gone = 0;
    await new Promise(setImmediate);
    stopIfCancelled(signal);
  }
  return {
    indices: Int32Array.from(found, ({ cell }) => cell),
    ab: Float32Array.from(found, ({ ab }) => ab),
    ba: Float32Array.from(found, ({ ba }) => ba),
    js: Float32Array.from(found, ({ js }) => js),
  };
}

/**
 * Tokens that the two models call differently.
 * @throws Fault `bad-parameter` where they are too many for one vocabulary.
 */
function comparedVocabularies(a: Model, b: Model): number {
  const [size, other] = [a.facts.vocabularySize, b.facts.vocabularySize];
  const different = (how: string): Fault =>
    new Fault({
      code: 'bad-parameter',
      message: `The two models have different vocabularies (${how}): no divergence is defined between their predictions.`,
      hint: 'Their winners can still be compared, by the tokens’ texts.',
    });
  if (size !== other) throw different(`${size} and ${other} tokens`);
  if (a === b || a.tokenizer.reason !== undefined || b.tokenizer.reason !== undefined) return 0;
  let renamed = 0;
  for (let id = 0; id < size; id++) if (a.tokenizer.token(id).text !== b.tokenizer.token(id).text) renamed++;
  if (renamed > RENAMED * size) throw different(`${renamed} of ${size} tokens differ`);
  return renamed;
}
