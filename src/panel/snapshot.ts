import { deserialize, serialize } from 'node:v8';
import * as v from 'valibot';
import type { ExactRegions } from '../map/polygons.js';
import { type MapParameters, parseParameters, parseSpecification } from '../map/specification.js';
import type { Survey } from '../map/survey.js';
import type { Token } from '../map/token.js';
import { addBatch, type CellBatch, type Cells, type ModelFacts, numbersAt, type TokenMap } from '../map/tokenMap.js';
import { DEVICES } from '../protocol/engine.js';
import { emptyGrowing, type MapRecord, newRecord } from './mapRecord.js';

/** A panel's map as bytes, for the time that the window takes to reload. Read by the same version that wrote it. */

const VERSION = 3;
const floats = v.custom<Float32Array>((value) => value instanceof Float32Array);
const integers = v.custom<Int32Array>((value) => value instanceof Int32Array);
const snapshot = v.object({
  version: v.literal(VERSION),
  parameters: v.unknown(),
  modelPath: v.string(),
  device: v.picklist(DEVICES),
  specification: v.unknown(),
  facts: v.custom<ModelFacts>((value) => typeof value === 'object' && value !== null),
  /** The cells that there are, as a {@link CellBatch}: a map that has just begun is small. */
  indices: integers,
  ids: integers,
  probabilities: floats,
  entropy: floats,
  answers: v.optional(floats),
  /** Of all cells. */
  filled: v.optional(v.custom<Uint8Array>((value) => value instanceof Uint8Array)),
  survey: v.optional(v.custom<Survey>((value) => typeof value === 'object' && value !== null)),
  tokens: v.array(v.custom<Token>((token) => typeof token === 'object' && token !== null && 'id' in token)),
  secondsBefore: v.number(),
  finish: v.nullable(
    v.object({
      plane: v.object({ c: floats, u: floats, v: floats }),
      runtime: v.custom<TokenMap['runtime']>((value) => typeof value === 'object' && value !== null),
      regions: v.optional(v.custom<ExactRegions>((value) => typeof value === 'object' && value !== null)),
    }),
  ),
});

export function writeSnapshot(record: MapRecord): Uint8Array {
  const { parameters, modelPath, device, specification, facts, cells, tokens, secondsBefore, finished, survey } =
    record;
  return serialize({
    version: VERSION,
    parameters,
    modelPath,
    device,
    specification,
    facts,
    ...batchOf(cells),
    filled: cells.filled,
    tokens: [...tokens.values()],
    secondsBefore,
    survey,
    finish: finished ?? null,
  } satisfies v.InferInput<typeof snapshot> & { parameters: MapParameters });
}

/** The cells that there are. */
function batchOf({ computed, topK, ids, probabilities, entropy, answers }: Cells): CellBatch {
  const numbers = { ids, probabilities, entropy, ...(answers ? { answers } : {}) };
  const indices = Int32Array.from(computed.keys()).filter((cell) => computed[cell] === 1);
  return { indices, ...(indices.length === computed.length ? numbers : numbersAt(numbers, indices, topK)) };
}

/** The map of a snapshot, or undefined where it cannot be read. */
export function readSnapshot(bytes: Uint8Array, id: number): MapRecord | undefined {
  try {
    const read = v.parse(snapshot, deserialize(bytes));
    const specification = parseSpecification(read.specification);
    const asked = { parameters: parseParameters(read.parameters), modelPath: read.modelPath, device: read.device };
    const record = newRecord(id, asked, specification, read.facts, emptyGrowing(specification));
    const { indices, ids, probabilities, entropy, answers, survey } = read;
    addBatch(record.cells, { indices, ids, probabilities, entropy, ...(answers ? { answers } : {}) });
    if (read.filled) record.cells.filled?.set(read.filled);
    record.survey = survey;
    for (const token of read.tokens) record.tokens.set(token.id, token);
    record.done = indices.length;
    record.secondsBefore = read.secondsBefore;
    const whole = record.done === record.cells.computed.length;
    if (whole && read.finish) {
      const { plane, runtime, regions } = read.finish;
      record.finished = { plane, runtime, ...(regions ? { regions } : {}) };
    }
    return record;
  } catch {
    return undefined; // an older version's, or damaged: the map is computed again
  }
}
