import { deserialize, serialize } from 'node:v8';
import * as v from 'valibot';
import { type MapParameters, parseParameters, parseSpecification } from '../../map/specification.js';
import { DEVICES } from '../../protocol/engine.js';
import type { ModelFacts, Token, TokenMap } from '../../map/tokenMap.js';
import { emptyGrowing, type MapRecord, newRecord } from './mapRecord.js';

/** A panel's map as bytes, for the time that the window takes to reload. Read by the same version that wrote it. */

const VERSION = 1;
const floats = v.custom<Float32Array>((value) => value instanceof Float32Array);
const integers = v.custom<Int32Array>((value) => value instanceof Int32Array);
const snapshot = v.object({
  version: v.literal(VERSION),
  parameters: v.unknown(),
  modelPath: v.string(),
  device: v.picklist(DEVICES),
  specification: v.unknown(),
  facts: v.custom<ModelFacts>((value) => typeof value === 'object' && value !== null),
  computed: v.custom<Uint8Array>((value) => value instanceof Uint8Array),
  ids: integers,
  probabilities: floats,
  entropy: floats,
  tokens: v.array(v.custom<Token>((token) => typeof token === 'object' && token !== null && 'id' in token)),
  secondsBefore: v.number(),
  finish: v.nullable(
    v.object({
      plane: v.object({ c: floats, u: floats, v: floats }),
      runtime: v.custom<TokenMap['runtime']>((value) => typeof value === 'object' && value !== null),
    }),
  ),
});

export function writeSnapshot(record: MapRecord): Uint8Array {
  const { parameters, modelPath, device, specification, facts, cells, tokens, secondsBefore, complete } = record;
  const { computed, ids, probabilities, entropy } = cells;
  return serialize({
    version: VERSION,
    parameters,
    modelPath,
    device,
    specification,
    facts,
    computed,
    ids,
    probabilities,
    entropy,
    tokens: [...tokens.values()],
    secondsBefore,
    finish: complete ? { plane: complete.plane, runtime: complete.runtime } : null,
  } satisfies v.InferInput<typeof snapshot> & { parameters: MapParameters });
}

/** The map of a snapshot, or undefined where it cannot be read. */
export function readSnapshot(bytes: Uint8Array, id: number): MapRecord | undefined {
  try {
    const read = v.parse(snapshot, deserialize(bytes));
    const specification = parseSpecification(read.specification);
    const asked = { parameters: parseParameters(read.parameters), modelPath: read.modelPath, device: read.device };
    const record = newRecord(id, asked, specification, read.facts, emptyGrowing(specification));
    record.cells.computed.set(read.computed);
    record.cells.ids.set(read.ids);
    record.cells.probabilities.set(read.probabilities);
    record.cells.entropy.set(read.entropy);
    for (const token of read.tokens) record.tokens.set(token.id, token);
    record.done = read.computed.reduce((sum, there) => sum + there, 0);
    record.secondsBefore = read.secondsBefore;
    const whole = record.done === read.computed.length;
    if (whole && read.finish) {
      record.complete = {
        specification,
        facts: read.facts,
        cells: record.cells,
        tokens: record.tokens,
        ...read.finish,
      };
    }
    return record;
  } catch {
    return undefined; // an older version's, or damaged: the map is computed again
  }
}
