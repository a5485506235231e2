import * as v from 'valibot';
import { Fault } from '../../map/fault.js';
import type { LensTable } from '../../map/lens/lensTable.js';
import {
  contextOf,
  DEFAULT_PARAMETERS,
  type Layer,
  LIMITS,
  type MapParameters,
  parseParameters,
} from '../../map/specification.js';
import type { Token } from '../../map/token.js';
import { LENS_FORMAT, LENSES_FORMAT } from './lensData.js';

/** Lenses of one file, and cells of one of them, at most. */
const MOST_LENSES = 16;
const MOST_CELLS = 2_000_000;

const short = v.pipe(v.string(), v.maxLength(100_000));
const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 31 - 1));
const number = v.pipe(v.number(), v.finite());
const token = v.object({ id: count, text: short, kind: v.picklist(['text', 'special', 'bytes', 'unknown']) });
const cell = v.object({
  entropy: v.nullable(number),
  probability: v.optional(v.nullable(number)),
  rank: v.optional(count),
  top: v.pipe(v.array(v.tuple([count, short, number])), v.maxLength(LIMITS.topK[1])),
});
const lensSchema = v.object({
  format: v.literal(LENS_FORMAT),
  model: v.object({ name: short, file: short, sha256: short, blocks: v.pipe(count, v.maxValue(100_000)) }),
  parameters: v.object({
    readout: v.unknown(),
    translator: v.unknown(),
    context: v.unknown(),
    interventions: v.unknown(),
    masked: v.unknown(),
    topK: v.unknown(),
  }),
  runtime: v.object({ version: short, device: short, seconds: number }),
  layers: v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(-1))), v.minLength(1)),
  positions: v.pipe(v.array(token), v.minLength(1)),
  followed: v.optional(token),
  kinds: v.optional(v.record(v.string(), token.entries.kind)),
  cells: v.pipe(v.array(cell), v.maxLength(MOST_CELLS)),
});
const lensesSchema = v.object({
  format: v.literal(LENSES_FORMAT),
  lenses: v.pipe(v.array(v.unknown()), v.minLength(1), v.maxLength(MOST_LENSES)),
});

/**
 * Reads what `lensesJson` wrote, as it was parsed: one lens, or several of the same prompt. The file is not trusted: its sizes, ranges and
 * lengths are checked before anything is made from them. @throws Fault `file` that says what is wrong with it.
 */
export function readLenses(name: string, data: unknown): readonly LensTable[] {
  const damaged = (why: string): Fault =>
    new Fault({ code: 'file', message: `${name} cannot be opened as a lens: ${why}.`, hint: 'It is shown as text.' });
  const several = v.safeParse(lensesSchema, data);
  const lenses = (several.success ? several.output.lenses : [data]).map((one) => lensOf(one, damaged));
  const [first, ...more] = lenses;
  const ids = (lens: LensTable | undefined): string => (lens?.positions ?? []).map(({ id }) => id).join();
  if (more.some((lens) => ids(lens) !== ids(first))) throw damaged('its lenses are of different prompts');
  return lenses;
}

function lensOf(data: unknown, damaged: (why: string) => Fault): LensTable {
  const parsed = v.safeParse(lensSchema, data);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw damaged(`"${v.getDotPath(issue) ?? ''}" is missing or not what it should be (${issue.message})`);
  }
  const { model, positions, followed, kinds = {}, cells, runtime } = parsed.output;
  const { blocks, ...reference } = model;
  const layers = parsed.output.layers.map((index): Layer => (index < 0 ? 'embeddings' : index));
  const ascending = parsed.output.layers.every(
    (index, i, all) => index < blocks && (i === 0 || index > (all[i - 1] ?? 0)),
  );
  if (!ascending) throw damaged('"layers" are not some of the model’s, from the first on');
  if (cells.length !== layers.length * positions.length)
    throw damaged(`it has ${cells.length} cells, not ${layers.length} × ${positions.length}`);
  const parameters = parametersIn(parsed.output.parameters, followed, damaged);
  const { topK } = parameters;
  const tokens = new Map<number, Token>();
  const ids = new Int32Array(cells.length * topK);
  const probabilities = new Float32Array(cells.length * topK);
  const entropy = new Float32Array(cells.length);
  const named = { probabilities: new Float32Array(cells.length), ranks: new Int32Array(cells.length) };
  for (const [at, { entropy: nats, top, probability, rank }] of cells.entries()) {
    // Where nothing is defined nothing is told.
    if (nats !== null && top.length !== topK) throw damaged(`cell ${at} has ${top.length} tokens, not ${topK}`);
    entropy[at] = nats ?? NaN;
    named.probabilities[at] = probability ?? 0;
    named.ranks[at] = rank ?? 0;
    for (const [i, [id, text, p]] of top.entries()) {
      if (i >= topK) break;
      ids[at * topK + i] = id;
      probabilities[at * topK + i] = p;
      tokens.set(id, { id, kind: kinds[id] ?? 'text', text });
    }
  }
  for (const one of [...positions, ...(followed ? [followed] : [])]) if (tokens.has(one.id)) tokens.set(one.id, one);
  return {
    model: reference,
    parameters,
    blocks,
    layers,
    positions,
    topK,
    ids,
    probabilities,
    entropy,
    named: followed ? { token: followed, ...named } : null,
    tokens: [...tokens.values()],
    ...runtime,
  };
}

/** What a lens was read with; what plays no part in it is as by default. */
function parametersIn(said: object, followed: Token | undefined, damaged: (why: string) => Fault): MapParameters {
  try {
    const question = followed ? { kind: 'probability', token: followed.id } : null;
    const parameters = parseParameters({ ...DEFAULT_PARAMETERS, ...said, question });
    const context = contextOf(parameters);
    if (context.kind !== 'prompt' && context.kind !== 'tokens') throw damaged('it has no prompt');
    return parameters;
  } catch (thrown) {
    const { message } = Fault.from(thrown);
    throw thrown instanceof Fault && thrown.code === 'file' ? thrown : damaged(message.replace(/\.$/, ''));
  }
}
