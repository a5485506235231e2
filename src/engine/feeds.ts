import { Fault } from '../map/fault.js';
import { DataType, elemTypeOf, type Graph, shapeOf } from '../onnx/graph.js';
import { batchAxisOf, type CacheSlot, type Interface, isRounded } from '../onnx/interface.js';
import { type MaskForms, maskTensor } from './maskForms.js';
import type { ModelConfig } from './modelConfig.js';
import { type Feeds, Tensor } from './session.js';
import { tensorOf } from './tensors.js';

/** The sequence that a run is about. */
export interface Run {
  readonly batch: number;
  /** Positions that past keys and values stand for. */
  readonly past: number;
  /** Token ids of the new positions, the same for every row of the batch; their values matter only before the cut. */
  readonly ids: readonly number[];
}

/** Feeds for everything that a graph still takes besides hidden states and past keys: ids, masks, positions, counts. */
export function sequenceFeeds(graph: Graph, io: Interface, forms: MaskForms, run: Run): Feeds {
  const { batch, past, ids } = run;
  const feeds: Record<string, Tensor> = {};
  for (const info of graph.inputs) {
    const type = elemTypeOf(info) ?? DataType.INT64;
    const shape = shapeOf(info) ?? [];
    const put = (dims: number[], value: (index: number) => number): void => {
      feeds[info.name] = tensorOf(info.name, type, dims, value);
    };
    if (info.name === io.ids) {
      if (shape.length === 1) put([ids.length], (i) => ids[i] ?? 0);
      else put([batch, ids.length], (i) => ids[i % ids.length] ?? 0);
    } else if (forms.has(info.name)) {
      const form = forms.get(info.name);
      if (form) feeds[info.name] = maskTensor(info.name, type, form, { batch, past, length: ids.length });
    } else if (info.name === io.positions) {
      if (shape.length === 1) put([ids.length], (i) => past + i);
      else if (shape.length === 3) put([3, batch, ids.length], (i) => past + (i % ids.length));
      else put([batch, ids.length], (i) => past + (i % ids.length));
    } else if (io.others.includes(info.name)) {
      other(info.name, shape, put, run);
    }
  }
  return feeds;
}

/** Inputs that only some exporters have, told by the names that they give them. */
function other(
  name: string,
  shape: readonly (number | string)[],
  put: (dims: number[], value: (index: number) => number) => void,
  { batch, past, ids }: Run,
): void {
  const total = past + ids.length;
  if (/cache_position/i.test(name)) put([ids.length], (i) => past + i);
  else if (/total_seq/i.test(name))
    put(
      shape.map(() => 1),
      () => total,
    );
  else if (/seqlens_k|past_seq/i.test(name))
    put(shape.length === 0 ? [] : [batch], () => (/past/i.test(name) ? past : total - 1));
  else if (/logits_to_keep/i.test(name))
    put(
      shape.map(() => 1),
      () => 1,
    );
  else if (shape.length === 2) put([batch, ids.length], () => 0);
  else
    put(
      shape.map((d) => (typeof d === 'number' ? d : 1)),
      () => 0,
    );
}

/** Vectors for an export that looks no ids up itself: the same for the same id, others for others. */
export function standInEmbeddings(graph: Graph, name: string, ids: readonly number[], width: number): Tensor {
  const type = elemTypeOf(graph.inputs.find((input) => input.name === name)) ?? DataType.FLOAT;
  const bits = ids.flatMap((id) =>
    Array.from({ length: width }, (_, i) => (Math.imul(id * width + i + 1, 0x9e3779b1) >>> 13) & 3),
  );
  const dims = [1, ids.length, width];
  if (type === DataType.FLOAT16)
    return new Tensor(
      'float16',
      Uint16Array.from(bits, (b) => [0x3800, 0xb800, 0x3c00, 0xbc00][b] ?? 0),
      dims,
    );
  return new Tensor(
    'float32',
    Float32Array.from(bits, (b) => [0.5, -0.5, 1, -1][b] ?? 0),
    dims,
  );
}

/** The shape of a past key or value, and which of its axes are the batch and the positions. */
export interface CacheLayout {
  readonly dims: readonly number[];
  readonly batchAxis: number;
  /** Undefined for a state, whose size does not depend on how much came before. */
  readonly positionAxis: number | undefined;
}

/** @throws Fault `model-unsupported` where a size is stated neither in the graph nor in the configuration. */
export function cacheLayout(slot: CacheSlot, config: ModelConfig): CacheLayout {
  const { shape } = slot;
  const batchAxis = batchAxisOf(slot);
  const positionAxis = positionAxisOf(shape, batchAxis);
  const dims = shape.map((d, i) => {
    if (i === batchAxis) return typeof d === 'number' ? d : 1;
    if (i === positionAxis) return 0;
    if (typeof d === 'number') return d;
    const stated = i === shape.length - 1 ? config.headSize : config.keyValueHeads;
    if (stated === undefined)
      throw new Fault({
        code: 'model-unsupported',
        message: `The size of axis ${i} of "${slot.past}" is stated neither in the graph nor in a configuration.`,
        hint: 'Put config.json or genai_config.json beside the model.',
      });
    return stated;
  });
  return { dims, batchAxis, positionAxis };
}

/** An axis whose size is fixed never counts positions. */
function positionAxisOf(shape: CacheSlot['shape'], batchAxis: number): number | undefined {
  const free = shape.flatMap((d, i) => (i !== batchAxis && typeof d === 'string' ? [i] : []));
  const named = free.find((i) => /past|seq|len|cache/i.test(`${shape[i] ?? ''}`));
  if (named !== undefined) return named;
  const usual =
    shape.length === 4 && typeof shape[2] === 'number' && typeof shape[1] !== 'number'
      ? 1
      : shape.length === 5
        ? 3
        : shape.length === 3
          ? typeof shape[1] === 'number'
            ? 2
            : 1
          : 2;
  return free.includes(usual) ? usual : free.length === 1 ? free[0] : undefined;
}

/** A past with no positions yet, a state that nothing has changed yet. */
export function emptyPast(slot: CacheSlot, layout: CacheLayout, batch: number): Tensor {
  const dims = layout.dims.map((d, i) => (i === layout.batchAxis ? d * batch : d));
  return tensorOf(slot.past, slot.elemType, dims, () => 0);
}

/** A past with some numbers or other, batch 1. */
export function anyPast(slot: CacheSlot, config: ModelConfig, positions: number): Tensor {
  const { dims, positionAxis } = cacheLayout(slot, config);
  const shape = dims.map((d, i) => (i === positionAxis ? positions : d));
  // Of float16: from 1/8 to 1/4, either sign.
  if (slot.elemType === DataType.FLOAT16) {
    const length = shape.reduce((a, b) => a * b, 1);
    return new Tensor(
      'float16',
      Uint16Array.from({ length }, (_, i) => 0x3000 + (Math.imul(i + 1, 0x9e3779b1) >>> 22) + ((i & 1) << 15)),
      shape,
    );
  }
  const whole = isRounded(slot.elemType);
  return tensorOf(slot.past, slot.elemType, shape, (i) =>
    whole ? (Math.imul(i + 1, 0x9e3779b1) >>> 26) + 1 : Math.sin(1.3 * i * i),
  );
}
