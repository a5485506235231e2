import { questionsOf } from '../../map/questions.js';
import * as v from 'valibot';
import { float32FromBase64 } from '../../formats/float32.js';
import { encode, FORMATS } from '../../formats/formats.js';
import { npy } from '../../formats/npy.js';
import { npzOf, toNpz } from '../../formats/npz.js';
import { saveMap } from '../../formats/saveMap.js';
import { compareEither } from '../../host/compareSaved.js';
import { assetsFolder, version } from '../../host/installation.js';
import { DEFAULT_FORMATS, DEFAULT_OUTPUT_FOLDER } from '../../host/outputDefaults.js';
import { readSpecification } from '../../host/readSpecification.js';
import { ModelSession } from '../../host/session.js';
import { type MapComparison, summaryOf } from '../../map/compare/comparison.js';
import { DISPLAY_FLAGS, displayFromFlags, type FlagValues, MAP_FLAGS, parametersFromFlags } from '../../map/flags.js';
import { DEFAULT_BATCH_SIZE, LIMITS, type MapParameters } from '../../map/specification.js';
import type { TokenMap } from '../../map/tokenMap.js';
import type { Handlers } from '../../protocol/channel.js';
import { DEVICES } from '../../protocol/engine.js';
import { bad } from '../computing.js';
import { readFlagFiles } from '../flagFiles.js';
import { type Base64, PROTOCOL_VERSION, type ServeRequests } from './requests.js';

/** Answers the requests of one program: the models and the maps that it holds. */
export class Served {
  private readonly sessions = new Map<number, ModelSession>();
  private readonly maps = new Map<number, TokenMap>();
  private handles = 0;
  private readonly ended = new AbortController();

  readonly handlers: Handlers<ServeRequests> = {
    hello: () => ({ protocol: PROTOCOL_VERSION, version: version() }),

    open: async (params, { signal }) => {
      const { model, ...options } = read(openParams, params);
      const session = await ModelSession.open(model, {
        ...options,
        signal: AbortSignal.any([signal, this.ended.signal]),
      });
      const handle = ++this.handles;
      this.sessions.set(handle, session);
      return { session: handle, description: session.describe() };
    },

    tokenize: async (params) => {
      const { session, text } = read(v.object({ session: handle, text: v.string() }), params);
      return { tokens: await this.session(session).tokenize(text) };
    },

    states: async (params, { signal }) => {
      const { session, prompt, layers } = read(statesParams, params);
      const {
        tokens,
        positions,
        hiddenSize,
        layers: found,
      } = await this.session(session).states(prompt, layers, { signal });
      const states = new Float32Array(found.length * positions * hiddenSize);
      found.forEach(({ values }, i) => states.set(values, i * values.length));
      return { tokens, npz: base64(npzOf({ states: npy(states, [found.length, positions, hiddenSize]) })) };
    },

    map: async (params, context) => {
      const { session, specification, batchSize, flags } = read(mapParams, params);
      const saved = specification === undefined ? undefined : await readSpecification(specification);
      const parameters = await parametersOf(flags, saved?.parameters);
      const display = displayFromFlags(flags, parameters, saved?.display);
      const { signal } = context;
      const onProgress = (done: number, total: number): void => context.emit({ done, total });
      const map = await this.session(session).map({ ...parameters, display, batchSize, signal, onProgress });
      const handle = ++this.handles;
      this.maps.set(handle, map);
      return { map: handle, npz: base64(toNpz(map)), facts: map.facts, runtime: map.runtime };
    },

    predict: async (params, context) => {
      const { session, vectors, batchSize, flags } = read(predictParams, params);
      const parameters = await parametersOf(flags);
      const { signal } = context;
      const onProgress = (done: number, total: number): void => context.emit({ done, total });
      const said = await this.session(session).predict(vectors, { ...parameters, batchSize, signal, onProgress });
      const { count, topK } = said;
      const each = questionsOf(parameters).length;
      const arrays = {
        ids: npy(said.ids, [count, topK]),
        probabilities: npy(said.probabilities, [count, topK]),
        logits: npy(said.logits, [count, topK]),
        entropy: npy(said.entropy, [count]),
        ...(said.answers ? { answers: npy(said.answers, each === 1 ? [count] : [count, each]) } : {}),
      };
      return { tokens: [...said.tokens.values()], npz: base64(npzOf(arrays)) };
    },

    compare: async (params, { signal }) => {
      const { a, b } = read(compareParams, params);
      const given = (one: number | string): TokenMap | string => (typeof one === 'number' ? this.map(one) : one);
      const { comparison, withoutDivergences } = await compareEither(given(a), given(b), { device: 'auto', signal });
      return { summary: summaryOf(comparison), withoutDivergences, npz: base64(npzOf(arraysOf(comparison))) };
    },

    file: async (params, { signal }) => {
      const { map, format } = read(v.object({ map: handle, format: v.picklist(FORMATS) }), params);
      return { bytes: base64(await encode(this.map(map), format, { assets: assetsFolder, signal })) };
    },

    save: async (params, { signal }) => {
      const { map, outputDir, formats, overwrite } = read(saveParams, params);
      const { files, missing } = await saveMap(this.map(map), {
        formats,
        directory: outputDir,
        overwrite,
        assets: assetsFolder,
        signal,
      });
      return { files, missing };
    },

    forget: (params) => {
      this.maps.delete(read(v.object({ map: handle }), params).map);
      return null;
    },

    close: async (params) => {
      const { session } = read(v.object({ session: handle }), params);
      const open = this.session(session);
      this.sessions.delete(session);
      await open.close();
      return null;
    },
  };

  /** Ends everything. */
  async close(): Promise<void> {
    this.ended.abort();
    const open = [...this.sessions.values()];
    this.sessions.clear();
    this.maps.clear();
    await Promise.all(open.map((session) => session.close()));
  }

  private session(handle: number): ModelSession {
    const session = this.sessions.get(handle);
    if (session) return session;
    throw bad(`No model is open as ${handle}.`, 'It was closed, or never opened.');
  }

  private map(handle: number): TokenMap {
    const map = this.maps.get(handle);
    if (map) return map;
    throw bad(`No map is held as ${handle}.`, 'Compare two maps of this program, or two saved files.');
  }
}

/** @throws Fault `bad-parameter` for a flag that there is not, or a value that it does not take. */
async function parametersOf(flags: FlagValues, base?: MapParameters): Promise<MapParameters> {
  const unknown = Object.keys(flags).find((name) => !KNOWN_FLAGS.has(name));
  if (unknown !== undefined) throw bad(`A map has no "${unknown}".`, 'embedding-grid --help names what it has.');
  return parametersFromFlags(flags, base, await readFlagFiles(flags));
}

const KNOWN_FLAGS: ReadonlySet<string> = new Set([...MAP_FLAGS, ...DISPLAY_FLAGS].map(({ name }) => name));

/** `changed` and, where they are known, the divergences in nats: [rows, columns] each. */
function arraysOf({ a, agreement, divergences }: MapComparison): Record<string, Uint8Array> {
  const shape = [a.cells.rows, a.cells.columns];
  const codes = { none: 0, real: 1, rounding: 2 } as const;
  const changed = Int32Array.from(agreement.changes, (change) => (change === undefined ? -1 : codes[change]));
  return {
    changed: npy(changed, shape),
    ...(divergences
      ? {
          kl_ab: npy(divergences.ab, shape),
          kl_ba: npy(divergences.ba, shape),
          jensen_shannon: npy(divergences.js, shape),
        }
      : {}),
  };
}

const base64 = (bytes: Uint8Array): Base64 =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');

/** What a program sends is checked here, and nowhere else. @throws Fault `bad-parameter`. */
function read<S extends v.GenericSchema>(schema: S, params: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, params);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw bad(`The request's ${v.getDotPath(issue) ?? 'parameters'} cannot be used: ${issue.message}.`);
}

const handle = v.pipe(v.number(), v.integer());
const path = v.pipe(v.string(), v.minLength(1));
const batchSize = v.optional(
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LIMITS.batch)),
  DEFAULT_BATCH_SIZE,
);
const flags = v.optional(v.record(v.string(), v.union([v.string(), v.array(v.string())])), {});
const vectors = v.pipe(
  v.string(),
  v.transform(float32FromBase64),
  v.instance(Float32Array, 'it is no base64 of float32 numbers'),
);
const layer = v.union([v.picklist(['embeddings', 'last']), v.pipe(v.number(), v.integer())]);

const openParams = v.object({
  model: v.optional(path),
  device: v.exactOptional(v.picklist(DEVICES)),
  cudaLibraries: v.exactOptional(path),
  memory: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});
const statesParams = v.object({ session: handle, prompt: v.string(), layers: v.array(layer) });
const mapParams = v.object({ session: handle, specification: v.optional(path), batchSize, flags });
const predictParams = v.object({ session: handle, vectors, batchSize, flags });
const compareParams = v.object({ a: v.union([handle, path]), b: v.union([handle, path]) });
const saveParams = v.object({
  map: handle,
  outputDir: v.optional(path, DEFAULT_OUTPUT_FOLDER),
  formats: v.optional(v.pipe(v.array(v.picklist(FORMATS)), v.minLength(1)), [...DEFAULT_FORMATS]),
  overwrite: v.optional(v.boolean(), false),
});
