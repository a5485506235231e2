import { questionsOf } from '../../map/questions.js';
import * as v from 'valibot';
import { Fault } from '../../map/fault.js';
import { type MapSpecification, parseSpecification } from '../../map/specification.js';
import type { TokenMap } from '../../map/tokenMap.js';
import { float32ToBase64 } from '../float32.js';
import { fromData } from '../fromJson.js';
import { JSON_FORMAT, JSON_VERSION } from '../toJson.js';

type Row = Readonly<Record<string, unknown>>;

/** What the tables of a dataset have of one member. */
export interface MemberTables {
  readonly member: Row;
  readonly run: Row;
  readonly plane: Row;
  /** In any order. */
  readonly cells: readonly Row[];
}

const index = v.pipe(v.number(), v.integer(), v.minValue(0));
const cellSchema = v.object({
  row: index,
  column: index,
  ids: v.array(index),
  texts: v.array(v.string()),
  kinds: v.array(v.string()),
  probabilities: v.array(v.number()),
  entropy: v.number(),
  answer: v.nullable(v.number()),
  // Tables of earlier versions have none.
  more_answers: v.optional(v.array(v.number()), () => []),
  filled_in: v.boolean(),
});
const vector = v.pipe(v.array(v.number()), v.maxLength(2 ** 24));
const planeSchema = v.object({ center: vector, x_axis: vector, y_axis: vector });

/**
 * A member of a dataset as the map that it is: what its tables say is put as a saved map has it, and read as one, so that nothing
 * of a stranger's is taken for a map that would not be as a file. What tables do not keep is left out: exact regions, surveys.
 * @throws Fault `file`.
 */
export function mapOfTables({ member, run, plane, cells }: MemberTables): TokenMap {
  const specification = specificationOf(member.specification);
  const { c, u, v: y } = vectorsOf(plane);
  const { columns, rows } = specification.grid;
  const lists = () => Array.from({ length: rows }, () => Array<unknown>(columns).fill(null));
  const [ids, probabilities, entropies, answers, filled] = [lists(), lists(), lists(), lists(), lists()];
  const tokens: Record<string, unknown> = {};
  for (const data of cells) {
    const cell = parsed(cellSchema, data);
    const put = (list: unknown[][], value: unknown): void => {
      const line = list[cell.row];
      if (!line || cell.column >= columns) throw damaged('a cell lies outside of its grid');
      line[cell.column] = value;
    };
    put(ids, cell.ids);
    put(probabilities, cell.probabilities);
    put(entropies, cell.entropy);
    put(answers, cell.more_answers.length > 0 ? [cell.answer, ...cell.more_answers] : cell.answer);
    put(filled, cell.filled_in ? 1 : 0);
    cell.ids.forEach((id, k) => (tokens[id] ??= { text: cell.texts[k], kind: cell.kinds[k] }));
  }
  return fromData({
    format: JSON_FORMAT,
    version: JSON_VERSION,
    specification,
    model: member.model_facts,
    runtime: run.runtime,
    tokens,
    plane: { c, u, v: y },
    predictions: {
      entropies,
      ...(questionsOf(specification).length === 0 ? {} : { answers }),
      ...(specification.adaptive ? { filled_in: filled } : {}),
    },
    top: { token_ids: ids, probabilities },
  });
}

function vectorsOf(row: Row): Readonly<Record<'c' | 'u' | 'v', string>> {
  const { center, x_axis, y_axis } = parsed(planeSchema, row);
  const [c = '', u = '', y = ''] = [center, x_axis, y_axis].map((values) => float32ToBase64(Float32Array.from(values)));
  return { c, u, v: y };
}

function specificationOf(data: unknown): MapSpecification {
  try {
    return parseSpecification(data);
  } catch (thrown) {
    throw damaged(Fault.from(thrown).message);
  }
}

function parsed<T extends v.GenericSchema>(schema: T, data: unknown): v.InferOutput<T> {
  const result = v.safeParse(schema, data);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw damaged(`${v.getDotPath(issue) ?? 'a row'}: ${issue.message}`);
}

const damaged = (what: string): Fault =>
  new Fault({
    code: 'file',
    message: `This member of the study cannot be read: ${what}.`,
    hint: 'Remove its shard, and run the study again: it goes on.',
  });
