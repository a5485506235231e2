import { attentionsOf } from './attention.js';
import { reaching, valueInputs } from './dataflow.js';
import { DataType, elemTypeOf, type Graph, shapeOf } from './graph.js';
import { isLookup, isProduct, isSum, operatorOf, passes, slotsOf } from './operators/table.js';
import { unsupported } from './source.js';
import { spend } from './work.js';

/** A past key or value, or a recurrent or convolution state, that comes in, and the present that goes out in its place. */
export interface CacheSlot {
  readonly past: string;
  readonly present: string | undefined;
  /** DataType number. */
  readonly elemType: number;
  /** Stated shape; a number where static. */
  readonly shape: readonly (number | string)[];
}

/** Which axis of a past is the batch: the one that says so, else the first, or the second behind a pair of key and value. */
export function batchAxisOf({ shape }: CacheSlot): number {
  const named = shape.findIndex((d) => typeof d === 'string' && /batch/i.test(d));
  return named >= 0 ? named : shape.length === 5 ? 1 : 0;
}

/** An input that may hide positions from others. What its values mean is told by their effect alone. */
export interface MaskInput {
  readonly name: string;
  /** DataType number. */
  readonly elemType: number;
  /** Stated shape; undefined where none is. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** What a decoder takes and gives, by role. */
export interface Interface {
  readonly ids: string | undefined;
  readonly embeds: string | undefined;
  readonly masks: readonly MaskInput[];
  readonly positions: string | undefined;
  readonly caches: readonly CacheSlot[];
  /** Further inputs that are fed with zeros (token types) or counts. */
  readonly others: readonly string[];
  readonly logits: string;
}

const isInteger = (type: number | undefined): boolean =>
  type === DataType.INT64 || type === DataType.INT32 || type === DataType.UINT8 || type === DataType.INT8;
const isFloat = (type: number | undefined): boolean =>
  type === DataType.FLOAT || type === DataType.FLOAT16 || type === DataType.BFLOAT16 || type === DataType.DOUBLE;

/** What keys and values are rounded to between calls. */
export const isRounded = (type: number | undefined): boolean =>
  type !== undefined &&
  (type === DataType.INT8 ||
    type === DataType.UINT8 ||
    (type >= DataType.FLOAT8E4M3FN && type <= DataType.FLOAT4E2M1) ||
    type >= DataType.FLOAT8E8M0);

const NAMED_MASK = /mask|bias|padding/i;
/** Inputs that are fed by their names: counts, token types, the branch of a merged decoder. */
const KNOWN = /cache_position|total_seq|seqlens_k|past_seq|logits_to_keep|token_?type|segment|use_cache/i;

/**
 * Tells inputs apart by type, rank and use; the words that every exporter uses ("mask", "position") only settle what type
 * and rank leave open. Nothing that predictions depend on is fed by guess.
 * @throws ModelError `unsupported` for encoder-decoders, graphs without logits, and inputs that are none of a decoder of text.
 */
export function readInterface(graph: Graph): Interface {
  const inputs = graph.inputs.map((info) => {
    const stated = shapeOf(info);
    const type = elemTypeOf(info);
    return { name: info.name, type, stated, shape: stated ?? [], lookedUp: indexesATable(graph, info.name) };
  });
  type Input = (typeof inputs)[number];
  const rest = new Set(inputs);
  const take = (test: (i: Input) => boolean): Input | undefined => {
    const found = [...rest].find(test);
    if (found) rest.delete(found);
    return found;
  };
  const takeAll = (test: (i: Input) => boolean): Input[] => {
    const found = [...rest].filter(test);
    for (const input of found) rest.delete(input);
    return found;
  };
  const encoder = inputs.find((i) => /encoder/i.test(i.name));
  if (encoder)
    throw unsupported(
      `This is one half of an encoder-decoder: it reads "${encoder.name}". Only decoders that stand alone can be mapped.`,
    );
  const masks = takeAll((i) => NAMED_MASK.test(i.name) && (i.stated === undefined || i.shape.length > 0));
  const positions = take((i) => /position|(^|_)pos(_|$)/i.test(i.name) && isInteger(i.type) && !KNOWN.test(i.name));
  const ids =
    take((i) => isInteger(i.type) && /^(input_?ids|ids|tokens?|input)$/i.test(i.name)) ??
    take((i) => isInteger(i.type) && i.shape.length === 2 && i.lookedUp && !/type/i.test(i.name)) ??
    take((i) => isInteger(i.type) && i.lookedUp && !/type/i.test(i.name));
  const length = ids?.shape.length === 2 ? ids.shape[1] : undefined;
  if (length === 1)
    throw unsupported(
      'The export takes exactly one token at a time; a map needs sequences of any length.',
      'Take the file beside it that takes whole prompts (decoder_model.onnx, prefill.onnx), or export with a dynamic sequence axis.',
    );
  if (typeof length === 'number')
    throw unsupported(
      `The export fixes its sequences at ${length} tokens; a map needs sequences of any length.`,
      'Export the model again with a dynamic sequence axis.',
    );
  const mayBePast = [...rest].filter((i) => (isFloat(i.type) || isRounded(i.type)) && i.shape.length >= 3);
  const carriedOn = matchPresents(graph, new Set(mayBePast.map((i) => i.name)));
  const caches = mayBePast.filter((i) => carriedOn.has(i.name) || PAST.test(i.name));
  for (const cache of caches) rest.delete(cache);
  refuseFixedCaches(graph, caches);
  const embeds = ids ? undefined : take((i) => isFloat(i.type) && i.shape.length === 3);
  const presents = matchPresents(graph, new Set(caches.map((c) => c.name)));
  const logits = findLogits(graph, new Set(presents.values()));

  const matters = reaching(graph, [logits]);
  masks.push(...takeAll((i) => matters.has(i.name) && !KNOWN.test(i.name) && mayBeMask(i.type, i.shape)));
  const strange = [...rest].find((i) => matters.has(i.name) && !KNOWN.test(i.name));
  if (strange) throw strangeInput(strange.name, isFloat(strange.type));
  return {
    ids: ids?.name,
    embeds: embeds?.name,
    masks: masks.map((m) => ({ name: m.name, elemType: m.type ?? DataType.INT64, shape: m.stated })),
    positions: positions?.name,
    caches: caches.map((c) => ({
      past: c.name,
      present: presents.get(c.name),
      elemType: c.type ?? DataType.FLOAT,
      shape: c.shape,
    })),
    others: [...rest].map((i) => i.name),
    logits,
  };
}

/**
 * A state of one size holds whatever came before; keys and values of a fixed number of positions would all be attended to,
 * those that are not there yet too.
 */
function refuseFixedCaches(
  graph: Graph,
  caches: readonly { name: string; shape: readonly (number | string)[] }[],
): void {
  const fixed = caches.filter(({ shape }) => shape.filter((size) => typeof size === 'string').length <= 1);
  if (fixed.length === 0) return;
  const attended = attendedInputs(graph);
  for (const { name, shape } of fixed) {
    const slot = { past: name, present: undefined, elemType: DataType.FLOAT, shape };
    const grows = shape.some((size, axis) => typeof size === 'string' && axis !== batchAxisOf(slot));
    if (!grows && attended.has(name))
      throw unsupported(
        `The export has a cache of fixed length: "${name}" always holds ${shape.join(' x ')} numbers, positions that are not there yet included.`,
        'Export the model again with a dynamic axis for past positions, or without pasts.',
      );
  }
}

/** What keys and values of attentions are had from without a product on the way. */
function attendedInputs(graph: Graph): Set<string> {
  const queue = attentionsOf(graph).flatMap(({ scores, product }) => [scores.input[1] ?? '', product.input[1] ?? '']);
  for (const n of graph.nodes)
    for (const [past] of slotsOf(n)?.pasts ?? []) if ((n.input[past] ?? '') !== '') queue.push(n.input[past] ?? '');
  const reached = new Set(queue);
  for (let tensor = queue.pop(); tensor !== undefined; tensor = queue.pop()) {
    const n = graph.producers.get(tensor);
    if (!n || (operatorOf(n).role !== undefined && !isSum(n) && !isLookup(n))) continue;
    for (const input of valueInputs(n))
      if (!reached.has(input)) {
        reached.add(input);
        queue.push(input);
      }
  }
  return reached;
}

const PAST = /past|cache|key|value|state|conv|recurrent|ssm/i;

/** Whether a shape has an axis for positions last, and none but the batch, heads and positions before it. */
function mayBeMask(type: number | undefined, shape: readonly (number | string)[]): boolean {
  const last = shape.at(-1);
  if (typeof last !== 'string' || shape.length > 4) return false;
  if (type === DataType.BOOL) return true;
  return (isInteger(type) || isFloat(type)) && shape.length >= 2;
}

function strangeInput(name: string, float: boolean): Error {
  if (/per_?layer/i.test(name))
    return unsupported(
      `The input "${name}" brings every block vectors of its own beside the hidden states (per-layer embeddings, as Gemma 3n and Gemma 4 E2B and E4B have them), so the residual stream does not carry everything.`,
      'Models with per-layer embeddings cannot be cut.',
    );
  return unsupported(
    float
      ? `The input "${name}" is neither token ids nor past keys and values: only decoders of text alone can be mapped.`
      : `What the input "${name}" means cannot be told, and predictions depend on it.`,
    float ? undefined : 'Export the decoder with token ids, masks, positions and past keys and values alone.',
  );
}

function indexesATable(graph: Graph, input: string): boolean {
  const queue = [input];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    for (const n of graph.consumers.get(name) ?? []) {
      if (isLookup(n)) return true;
      if (passes(n, 'ids')) queue.push(...n.output);
    }
  }
  return false;
}

/** For each past input the output that carries on from it: the nearest, breadth first, that does not pass a product. */
function matchPresents(graph: Graph, pasts: ReadonlySet<string>): Map<string, string> {
  const found = new Map<string, string>();
  for (const output of graph.outputs) {
    const queue = [output.name];
    const seen = new Set<string>();
    for (let tensor = queue.shift(); tensor !== undefined && seen.size < 64; tensor = queue.shift()) {
      if (seen.has(tensor)) continue;
      seen.add(tensor);
      spend(64);
      if (pasts.has(tensor)) {
        if (!found.has(tensor)) found.set(tensor, output.name);
        break;
      }
      const n = graph.producers.get(tensor);
      if (!n) continue;
      const slots = slotsOf(n);
      if (slots) {
        const slot = slots.pasts.find(([, out]) => n.output[out] === tensor);
        if (slot) queue.push(n.input[slot[0]] ?? '');
      } else if (!isProduct(n) && operatorOf(n).role !== 'norm') {
        queue.push(...valueInputs(n).slice(0, 64));
      }
    }
  }
  return found;
}

/** The output that is not a present: the one called logits, else the first of floats that is 2-D or 3-D. */
function findLogits(graph: Graph, presents: ReadonlySet<string>): string {
  const candidates = graph.outputs.filter((o) => !presents.has(o.name) && !/^present|past/i.test(o.name));
  const floats = candidates.filter((o) => {
    const type = elemTypeOf(o);
    return type === undefined || type === 0 || isFloat(type);
  });
  const logits = floats.find((o) => /logits|scores/i.test(o.name)) ?? floats[0];
  if (!logits)
    throw unsupported(
      `No logits go out: the outputs are ${graph.outputs.map((o) => `"${o.name}"`).join(', ') || 'none'}.`,
      'A model exported for feature extraction has no head; export it for text generation.',
    );
  return logits.name;
}
