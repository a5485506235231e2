import { Fault } from '../map/fault.js';
import type { TokenMatrix } from '../map/specification.js';
import { DataType, type TensorProto } from '../onnx/graph.js';
import type { Model } from './model/model.js';
import { embeddings, unembedded } from './model/running.js';
import type { Variant } from './model/variant.js';
import { openSource } from './fileSource.js';

/** Numbers that are read or computed at a time. */
const CHUNK_NUMBERS = 2 ** 22;
/** Multiply-adds that probing a head may take: about a minute. */
const PROBE_LIMIT = 2e12;
const READABLE: ReadonlySet<number> = new Set([DataType.FLOAT, DataType.FLOAT16, DataType.BFLOAT16]);
/** Bytes of a probed matrix. */
const PROBE_BYTES = 2 ** 30;

/**
 * Visits rows of the embedding or the unembedding matrix, some tokens at a time. An embedding is what enters the first block when
 * the token stands first (scale and learned positions included); an unembedding is the token's row of the head's matrix.
 * @param ids ascending
 * @param visit gets [count * hiddenSize] rows of `ids[from] ...`; valid until it returns
 * @throws Fault `bad-parameter` where the matrix is not one of the hidden space, or is too large to be had.
 */
export async function visitTokenRows(
  variant: Variant,
  matrix: TokenMatrix,
  ids: readonly number[],
  visit: (rows: Float32Array, from: number) => void,
): Promise<void> {
  const { model } = variant;
  if (matrix === 'embedding')
    return embeddings(variant, ids, Math.max(1, Math.floor(CHUNK_NUMBERS / width(model))), visit);
  const { head, hiddenSize } = model.anatomy;
  if (head.width !== undefined && head.width !== hiddenSize)
    throw new Fault({
      code: 'bad-parameter',
      message: `The head reads ${head.width} dimensions, the residual stream has ${hiddenSize}: its rows are not of the hidden space.`,
    });
  const stored = await storedHead(variant);
  if (stored) return readRows(stored, ids, width(model), visit);
  const probed = await probedHead(variant);
  const d = width(model);
  const rows = new Float32Array(ids.length * d);
  ids.forEach((id, i) => rows.set(probed.subarray(id * d, (id + 1) * d), i * d));
  visit(rows, 0);
}

const width = (model: Model): number => model.facts.hiddenSize;

/** A matrix as it lies in a file. */
interface Stored {
  readonly file: string;
  readonly offset: number;
  readonly type: number;
  /** [vocabulary, hiddenSize], or transposed. */
  readonly tokensFirst: boolean;
  readonly vocabulary: number;
}

const storedHeads = new WeakMap<Model, Promise<Stored | undefined>>();

/** The head's matrix in its file, in the order that the graph's own product proves; undefined where it is stored otherwise. */
function storedHead(variant: Variant): Promise<Stored | undefined> {
  let found = storedHeads.get(variant.model);
  if (!found) {
    found = findStoredHead(variant);
    storedHeads.set(variant.model, found);
  }
  return found;
}

async function findStoredHead(variant: Variant): Promise<Stored | undefined> {
  const { model } = variant;
  const { head, vocabularySize: V } = model.anatomy;
  const d = width(model);
  const tensor = behind(model, head.weight);
  const place = tensor && model.weights.places.get(tensor.name);
  const dims = tensor?.dims.map(Number) ?? [];
  if (!tensor || !place || dims.length !== 2 || !READABLE.has(tensor.dataType)) return undefined;
  const base = { file: place.file, offset: place.offset, type: tensor.dataType, vocabulary: V };
  const orders = [true, false].filter((first) => dims[0] === (first ? V : d) && dims[1] === (first ? d : V));
  // Any vector will do, as long as no two dimensions can be taken for each other.
  const h = Float32Array.from({ length: d }, (_, i) => Math.sin(1 + i * 1.7) / Math.sqrt(d));
  const [plus, minus] = [
    await unembedded(variant, h),
    await unembedded(
      variant,
      h.map((x) => -x),
    ),
  ];
  const tried = [0, 0.31, 0.77].map((share) => Math.floor(share * (V - 1)));
  for (const tokensFirst of orders) {
    const wrong: number[] = [];
    await readRows({ ...base, tokensFirst }, tried, d, (rows, from) => {
      for (let i = 0; i * d < rows.length; i++) {
        const id = tried[from + i] ?? 0;
        let product = 0;
        let size = 0;
        for (let j = 0; j < d; j++) {
          product += (rows[i * d + j] ?? 0) * (h[j] ?? 0);
          size += Math.abs((rows[i * d + j] ?? 0) * (h[j] ?? 0));
        }
        const own = ((plus[id] ?? 0) - (minus[id] ?? 0)) / 2;
        if (Math.abs(product - own) > 2e-3 * size + 1e-6) wrong.push(id);
      }
    });
    if (wrong.length === 0) return { ...base, tokensFirst };
  }
  return undefined;
}

/** The initializer that a constant is, looking through what does not change its numbers. */
function behind(model: Model, name: string): TensorProto | undefined {
  const { graph } = model.anatomy;
  const own = graph.initializers.get(name);
  if (own) return own;
  const producer = graph.producers.get(name);
  const through = producer && /^(Transpose|Cast|Identity)$/.test(producer.opType) ? producer.input[0] : undefined;
  return through === undefined ? undefined : behind(model, through);
}

async function readRows(
  { file, offset, type, tokensFirst, vocabulary }: Stored,
  ids: readonly number[],
  d: number,
  visit: (rows: Float32Array, from: number) => void,
): Promise<void> {
  const source = openSource(file);
  const bytes = type === DataType.FLOAT ? 4 : 2;
  try {
    const most = Math.max(1, Math.floor(CHUNK_NUMBERS / d));
    for (let from = 0; from < ids.length;) {
      // Neighboring tokens are read together.
      let count = 1;
      const first = ids[from] ?? 0;
      while (count < most && ids[from + count] === first + count) count++;
      const rows = new Float32Array(count * d);
      if (tokensFirst) rows.set(floatsOf(source.read(offset + first * d * bytes, count * d * bytes), type));
      else
        for (let j = 0; j < d; j++) {
          const column = floatsOf(source.read(offset + (j * vocabulary + first) * bytes, count * bytes), type);
          for (let i = 0; i < count; i++) rows[i * d + j] = column[i] ?? 0;
        }
      visit(rows, from);
      from += count;
      await new Promise(setImmediate);
    }
  } finally {
    source.close();
  }
}

/** Little-endian numbers as float32. */
function floatsOf(bytes: Uint8Array, type: number): Float32Array {
  const copy = bytes.slice();
  if (type === DataType.FLOAT) return new Float32Array(copy.buffer);
  const halves = new Uint16Array(copy.buffer);
  if (type === DataType.BFLOAT16) {
    const wide = new Uint32Array(halves.length);
    halves.forEach((half, i) => (wide[i] = half << 16));
    return new Float32Array(wide.buffer);
  }
  return Float32Array.from(halves, (half) => {
    const [sign, exponent, fraction] = [half & 0x8000 ? -1 : 1, (half >> 10) & 31, half & 1023];
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return exponent === 31 ? (fraction ? NaN : sign * Infinity) : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

const probedHeads = new WeakMap<Model, Float32Array>();

/** [vocabulary * hiddenSize]: what the head makes of each dimension alone, for heads that are stored in another form. */
async function probedHead(variant: Variant): Promise<Float32Array> {
  const { model } = variant;
  const kept = probedHeads.get(model);
  if (kept) return kept;
  const { vocabularySize: V, hiddenSize: d } = model.facts;
  if (V * d * d > PROBE_LIMIT || V * d * 4 > PROBE_BYTES)
    throw new Fault({
      code: 'bad-parameter',
      message: 'The rows of this quantized head cannot be had: it is too large to be probed dimension by dimension.',
      hint: 'Use an export whose head is float32, float16 or bfloat16, or give the direction as a file.',
    });
  const rows = new Float32Array(V * d);
  const zero = await unembedded(variant, new Float32Array(d));
  for (let j = 0; j < d; j++) {
    const unit = new Float32Array(d);
    unit[j] = 1;
    const logits = await unembedded(variant, unit);
    for (let i = 0; i < V; i++) rows[i * d + j] = (logits[i] ?? 0) - (zero[i] ?? 0);
  }
  probedHeads.set(model, rows);
  return rows;
}
