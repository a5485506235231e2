import { questionsOf } from '../map/questions.js';
import * as v from 'valibot';
import { Fault } from '../map/fault.js';
import { gridWindow } from '../map/grid.js';
import { type ExactRegions, polygonArea } from '../map/polygons.js';
import { readDisplay } from '../map/mapDisplay.js';
import { type MapSpecification, parseSpecification } from '../map/specification.js';
import type { Token } from '../map/token.js';
import { type Cells, emptyCells, NUMBER_TYPES, type TokenMap } from '../map/tokenMap.js';
import { float32FromBase64 } from './float32.js';
import { normsSchema, surveySchema } from './surveySchema.js';
import { cellsFromNpz, type CellValues } from './fromNpz.js';
import { JSON_FORMAT, JSON_VERSION, JSON_VERSION_BESIDE } from './toJson.js';

/** JavaScript's longest string, in bytes of ASCII. */
const LONGEST = 2 ** 29 - 25;

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const text = v.pipe(v.string(), v.maxLength(100_000));

const modelSchema = v.object({
  blocks: v.pipe(count, v.maxValue(100_000)),
  hiddenSize: v.pipe(count, v.minValue(1), v.maxValue(2 ** 24)),
  vocabularySize: v.pipe(count, v.minValue(1), v.maxValue(2 ** 31 - 1)),
  weightsBytes: count,
  numberType: v.picklist(NUMBER_TYPES),
});
const runtimeSchema = v.object({
  version: text,
  device: text,
  batchSize: count,
  seconds: v.pipe(v.number(), v.minValue(0)),
  finished: text,
  way: v.picklist(['each-cell', 'three-rows']),
  largestDifference: v.optional(v.pipe(v.number(), v.finite())),
  halfWeights: v.optional(v.picklist(['kept', 'widened'])),
  ownPlane: v.optional(v.boolean()),
  approximation: v.optional(
    v.object({ filled: count, checked: count, differing: count, largestDifference: v.pipe(v.number(), v.finite()) }),
  ),
  norms: v.optional(normsSchema),
  notices: v.pipe(v.array(text), v.maxLength(1000)),
});
const tokenSchema = v.object({ text: v.string(), kind: v.picklist(['text', 'special', 'bytes', 'unknown']) });
const finite = v.pipe(v.number(), v.finite());
const regionsSchema = v.object({
  window: v.object({ x0: finite, x1: finite, y0: finite, y1: finite }),
  polygons: v.array(v.object({ token_id: count, points: v.pipe(v.array(finite), v.minLength(6)) })),
});
const lists = v.array(v.array(v.unknown()));
const fileSchema = v.object({
  model: modelSchema,
  runtime: runtimeSchema,
  tokens: v.record(v.string(), tokenSchema),
  plane: v.object({ c: v.string(), u: v.string(), v: v.string() }),
  predictions: v.optional(v.object({ entropies: lists, answers: v.optional(lists), filled_in: v.optional(lists) })),
  top: v.optional(v.object({ token_ids: lists, probabilities: lists })),
  regions: v.optional(regionsSchema),
  survey: v.optional(surveySchema),
  display: v.optional(v.unknown()),
});

/**
 * Reads a file that {@link toJson} wrote. The file is not trusted: its sizes, ranges and lengths are checked before anything
 * is made from them.
 * @param npz the file of cells that was saved beside a large map's. @throws Fault `file` that says what is wrong with it.
 */
export function fromJson(file: Uint8Array | string, npz?: Uint8Array): TokenMap {
  return mapOf(parse(file), npz);
}

/**
 * {@link fromJson} of a file whose cells may stand beside it.
 * @param beside gives the .npz that has the file's name; asked only where it is needed. @throws Fault `file`, and theirs.
 */
export async function fromFiles(json: () => Promise<Uint8Array>, beside: () => Promise<Uint8Array>): Promise<TokenMap> {
  const data = parse(await json());
  return mapOf(data, hasCellsBeside(data) ? await beside() : undefined);
}

/** {@link fromJson} of what such a file holds, as it was parsed. @throws Fault `file`. */
export const fromData = (data: unknown): TokenMap => mapOf(data, undefined);

const hasCellsBeside = (data: unknown): boolean => v.is(v.object({ cells: v.literal('npz') }), data);

function mapOf(data: unknown, npz: Uint8Array | undefined): TokenMap {
  checkMarker(data);
  const specification = specificationOf(data);
  const parsed = v.safeParse(fileSchema, data);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw damaged(`"${v.getDotPath(issue) ?? ''}" is missing or not what it should be (${issue.message})`);
  }
  const { norms: measured, ...runtime } = parsed.output.runtime;
  const { model, plane, top, predictions, regions, survey, display } = parsed.output;
  const cellValues = (): CellValues => {
    if (top && predictions) return cellsFromLists(specification, top, predictions);
    if (!hasCellsBeside(data)) throw damaged('"top" or "predictions" is missing');
    if (npz) return cellsFromNpz(npz, specification);
    throw new Fault({
      code: 'file',
      message: 'The cells of this map stand in the .npz that was saved beside it.',
      hint: 'Read both: readMap does.',
    });
  };
  const tokens = readTokens(parsed.output.tokens, model.vocabularySize);
  const cells = readCells(specification, tokens, cellValues());
  const filled = cells.filled?.reduce((sum, one) => sum + one, 0) ?? 0;
  if (filled !== (runtime.approximation?.filled ?? 0))
    throw damaged('"runtime.approximation" is not that of the cells that were filled in');
  const vector = (name: 'c' | 'u' | 'v'): Float32Array => {
    const values = float32FromBase64(plane[name]);
    if (values?.length !== model.hiddenSize) throw damaged(`"plane.${name}" does not hold ${model.hiddenSize} numbers`);
    if (!values.every(Number.isFinite)) throw damaged(`"plane.${name}" holds numbers that are not finite`);
    return values;
  };
  return {
    specification,
    facts: model,
    cells,
    tokens,
    plane: { c: vector('c'), u: vector('u'), v: vector('v') },
    runtime,
    ...(regions === undefined ? {} : { regions: readRegions(regions, specification, tokens) }),
    ...(survey === undefined ? {} : { survey: measured ? { ...survey, norms: measured } : survey }),
    ...(display === undefined ? {} : { display: readDisplay(display) }),
  };
}

/** What the first lines of a saved map tell, without its cells. */
export interface SavedHead {
  readonly specification: MapSpecification;
  /** Cells that the file holds. */
  readonly computed: number;
}

/** {@link readHead} of a file whose bytes are at hand. @throws Fault `file`. */
export function readSpecification(file: Uint8Array): SavedHead {
  return headOf(headLines(file) ?? parse(file));
}

/** Lists and objects of a file's first lines, and of all of it, at most: each costs some sixty times its bytes. */
const MOST_IN_HEAD = 2 ** 21;
const MOST_IN_FILE = 2 ** 24;

/** Whether a JSON text in UTF-8 begins more lists and objects than some number, inside of texts or not. */
export function hasMoreLists(json: Uint8Array, most: number): boolean {
  let lists = 0;
  for (const byte of json) if ((byte === 0x5b || byte === 0x7b) && ++lists > most) return true;
  return false;
}

/** How much of a file is read for its first lines: at once, and at most. Texts and vectors of a specification stand there. */
const HEAD_BYTES = 2 ** 16;
const LONGEST_HEAD = 2 ** 26;

/**
 * The head of a saved map: of a file that stands as it was written, only its first lines are read, however large it is.
 * @param read gives the file, or its first `most` bytes. @throws Fault `file`, and what `read` throws.
 */
export async function readHead(read: (most: number) => Promise<Uint8Array>): Promise<SavedHead> {
  return headOf(await headData(read));
}

/** The keys of a file, unchecked: those before its cells, where it stands as it was written, else all. */
export async function headData(read: (most: number) => Promise<Uint8Array>): Promise<unknown> {
  for (let most = HEAD_BYTES; most <= LONGEST_HEAD; most *= 8) {
    const start = await read(most);
    const data = headLines(start) ?? (start.length < most ? parse(start) : undefined);
    if (data !== undefined) return data;
    if (!isWritten(start)) break;
  }
  return parse(await read(LONGEST + 1));
}

function headOf(data: unknown): SavedHead {
  checkMarker(data);
  const computed = v.safeParse(v.object({ statistics: v.object({ computed: count }) }), data);
  return {
    specification: specificationOf(data),
    computed: computed.success ? computed.output.statistics.computed : 0,
  };
}

/** Whether a file begins as {@link toJson} writes it. */
export const isWritten = (start: Uint8Array): boolean =>
  Buffer.from(start.subarray(0, 64)).toString('latin1').startsWith(`{\n"format": "${JSON_FORMAT}",\n`);

/** The lines before `"tokens"`, which hold a key and its whole value each. */
function headLines(file: Uint8Array): unknown {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const end = bytes.indexOf(',\n"tokens": {\n');
  if (end < 0 || end > LONGEST || hasMoreLists(bytes.subarray(0, end), MOST_IN_HEAD)) return undefined;
  try {
    return JSON.parse(`${bytes.toString('utf8', 0, end)}}`);
  } catch {
    return undefined; // not as it was written: then the whole file is read
  }
}

function parse(file: Uint8Array | string): unknown {
  if (file.length > LONGEST) {
    throw new Fault({
      code: 'file',
      message: 'The file is larger than 512 MB and cannot be read as JSON.',
      hint: 'Version 0.1.0 wrote such files: draw the map again with --specification, then its cells stand beside it.',
    });
  }
  if (typeof file !== 'string' && hasMoreLists(file, MOST_IN_FILE)) throw damaged('it holds more lists than a map has');
  try {
    const decoded = typeof file === 'string' ? file : new TextDecoder('utf-8', { fatal: true }).decode(file);
    return JSON.parse(decoded);
  } catch (error) {
    throw new Fault({
      code: 'file',
      message: 'The file is not JSON, or it ends too soon.',
      hint: 'Open a file "embedding_grid_results_layer_….json".',
      detail: error instanceof Error ? error.message : String(error),
    });
  }
}

function checkMarker(data: unknown): void {
  const { output: marker } = v.safeParse(v.object({ format: v.unknown(), version: v.unknown() }), data);
  const { format, version } = v.is(v.object({ format: v.unknown(), version: v.unknown() }), marker)
    ? marker
    : { format: undefined, version: undefined };
  if (format !== JSON_FORMAT) {
    const original = v.is(v.object({ config: v.unknown(), token_map: v.unknown() }), data);
    throw new Fault({
      code: 'file',
      message: original
        ? 'This map was not saved by Embedding Grid: it lacks the specification and the top tokens of its cells.'
        : 'This is not a saved map.',
      hint: 'Open a file "embedding_grid_results_layer_….json" that Embedding Grid wrote.',
    });
  }
  if (version !== JSON_VERSION && version !== JSON_VERSION_BESIDE) {
    throw new Fault({
      code: 'file',
      message: `This map was saved in version ${JSON.stringify(version)} of the format; this program reads versions ${JSON_VERSION} and ${JSON_VERSION_BESIDE}.`,
      hint: 'Update Embedding Grid.',
    });
  }
}

function specificationOf(data: unknown): MapSpecification {
  try {
    return parseSpecification(v.parse(v.object({ specification: v.unknown() }), data).specification);
  } catch (error) {
    const why = error instanceof Fault ? error.message.replace(/\.$/, '') : 'it is missing';
    throw damaged(`"specification" cannot be read: ${why.charAt(0).toLowerCase()}${why.slice(1)}`);
  }
}

function readTokens(
  table: Readonly<Record<string, { text: string; kind: Token['kind'] }>>,
  size: number,
): Map<number, Token> {
  const tokens = new Map<number, Token>();
  for (const [key, { text: tokenText, kind }] of Object.entries(table)) {
    const id = Number(key);
    if (!/^(0|[1-9]\d*)$/.test(key) || id >= size)
      throw damaged(`"tokens" has an entry "${key.slice(0, 20)}", which is no token`);
    tokens.set(id, { id, kind, text: tokenText });
  }
  return tokens;
}

/** Cells as the lists of a JSON have them. */
function cellsFromLists(
  { grid: { columns, rows }, topK }: MapSpecification,
  top: { token_ids: unknown[][]; probabilities: unknown[][] },
  {
    entropies,
    answers,
    filled_in: filled,
  }: { entropies: unknown[][]; answers?: unknown[][] | undefined; filled_in?: unknown[][] | undefined },
): CellValues {
  // Before memory is taken for a grid: does the file hold one of that size?
  for (const [name, list] of Object.entries({
    ...top,
    entropies,
    ...(answers && { answers }),
    ...(filled && { filled_in: filled }),
  })) {
    if (list.length !== rows || list.some((row) => row.length !== columns)) {
      throw damaged(`"${name}" does not hold ${columns} × ${rows} cells`);
    }
  }
  const at = (list: unknown[][]) => (cell: number) => list[Math.floor(cell / columns)]?.[cell % columns];
  const whole = (list: unknown[][]) => (cell: number) => {
    const values = at(list)(cell);
    return Array.isArray(values) && values.length === topK ? values : undefined;
  };
  return {
    missing: (cell) => [top.token_ids, top.probabilities, entropies].every((list) => at(list)(cell) === null),
    ids: whole(top.token_ids),
    probabilities: whole(top.probabilities),
    entropy: at(entropies),
    ...(answers
      ? {
          answers: (cell: number) => {
            const found = at(answers)(cell);
            return (Array.isArray(found) ? found : [found]).map((one: unknown) => one ?? NaN); // null: not a finite number
          },
        }
      : {}),
    ...(filled ? { filled: at(filled) } : {}),
  };
}

function readCells(
  { grid, topK, ...asked }: MapSpecification,
  tokens: ReadonlyMap<number, Token>,
  values: CellValues,
): Cells {
  const { columns, rows } = grid;
  const { answers, filled } = values;
  const each = answers ? questionsOf(asked).length : 0;
  const cells = emptyCells(columns, rows, topK, { answers: each, filled: filled !== undefined });
  for (let cell = 0; cell < columns * rows; cell++) {
    const wrong = (what: string): Fault => damaged(`cell ${Math.floor(cell / columns)},${cell % columns} ${what}`);
    if (values.missing(cell)) continue;
    const ids = values.ids(cell);
    const probabilities = values.probabilities(cell);
    const entropy = values.entropy(cell);
    if (!ids || !probabilities) throw wrong(`does not hold ${topK} tokens`);
    if (typeof entropy !== 'number' || !(entropy > -0.01 && entropy < 25)) throw wrong('has no sound entropy');
    let last = 1.001;
    for (let k = 0; k < topK; k++) {
      const id = ids[k];
      const probability = probabilities[k];
      if (typeof id !== 'number' || !tokens.has(id)) throw wrong('names a token that "tokens" lacks');
      if (typeof probability !== 'number' || !(probability >= 0 && probability <= last)) {
        throw wrong('has probabilities that are not numbers from 1 down to 0');
      }
      last = probability;
      cells.ids[cell * topK + k] = id;
      cells.probabilities[cell * topK + k] = probability;
    }
    if (cells.answers) {
      const found = answers?.(cell);
      if (found?.length !== each) throw wrong(`does not hold ${each} answers`);
      for (let q = 0; q < each; q++) {
        const one = found[q];
        if (typeof one !== 'number') throw wrong('has an answer that is no number');
        cells.answers[cell * each + q] = one;
      }
    }
    if (cells.filled) {
      const guess = filled?.(cell);
      if (guess !== 0 && guess !== 1) throw wrong('does not say whether it was filled in');
      cells.filled[cell] = guess;
    }
    cells.entropy[cell] = entropy;
    cells.computed[cell] = 1;
  }
  return cells;
}

/** How far the regions' areas may miss the window's, as a part of it. */
const AREA_TOLERANCE = 1e-6;

function readRegions(
  { window, polygons }: v.InferOutput<typeof regionsSchema>,
  { grid }: MapSpecification,
  tokens: ReadonlyMap<number, Token>,
): ExactRegions {
  const { x0, x1, y0, y1 } = gridWindow(grid);
  if (window.x0 !== x0 || window.x1 !== x1 || window.y0 !== y0 || window.y1 !== y1) {
    throw damaged('"regions.window" is not the window of its grid');
  }
  let areas = 0;
  let last = -1;
  const read = polygons.map(({ token_id: token, points: list }) => {
    const points = Float64Array.from(list);
    const area = polygonArea(points);
    const outside = list.some((at, i) => (i % 2 === 0 ? at < x0 || at > x1 : at < y0 || at > y1));
    if (token <= last || !tokens.has(token)) throw damaged(`"regions" name token ${token} twice or out of place`);
    if (list.length % 2 !== 0 || outside || !(area >= 0)) {
      throw damaged(`the region of token ${token} is no polygon in the window`);
    }
    last = token;
    areas += area;
    return { token, points };
  });
  const whole = (x1 - x0) * (y1 - y0);
  if (!(Math.abs(areas - whole) <= AREA_TOLERANCE * whole)) throw damaged('"regions" do not cover the window once');
  return { window: { x0, x1, y0, y1 }, polygons: read };
}

const damaged = (what: string): Fault =>
  new Fault({
    code: 'file',
    message: `The saved map is damaged: ${what}.`,
    hint: 'Save the map again, or take a copy of the file from before it was changed.',
  });
