import type { StoredTensor } from '../../checkpoint/safetensors.js';
import type { BesideMlp, Description, Latent, Recurrence } from '../description.js';
import type { Rotary } from '../rotary.js';
import type { Kind, Names } from './kinds.js';
import { namesInBlocks } from './metadata.js';
import { adapted } from './rotation.js';

const NAMES: Names = { attentionNorm: 'attn_norm', feedForwardNorm: 'ffn_norm', finalNorm: 'output_norm' };

export interface Scaling {
  /** What each frequency is divided by. */
  readonly divisors?: Float32Array;
}

/** A description under the file's own names, with what the converter changed. */
export function named(
  d: Description,
  kind: Kind,
  tensors: ReadonlyMap<string, StoredTensor>,
  { divisors }: Scaling,
): Description {
  const has = (name: string): boolean => tensors.has(name);
  const own = namesInBlocks(tensors);
  const inBlock = (name: string): boolean => own.has(name);
  const { attention: a, feedForward: f } = d;
  const names = { ...NAMES, ...kind.names?.(d, inBlock) };
  const given = (name: string | undefined, own: string): string | undefined => (name === undefined ? undefined : own);
  const gated = f.gate !== undefined || f.gateUp !== undefined;
  const fused = inBlock('attn_qkv.weight') && !inBlock('attn_q.weight');
  const turns = new Map<Rotary, Rotary>();
  const turned = (rotary: Rotary): Rotary => {
    const made = turns.get(rotary) ?? adapted(rotary, kind.permuted === true, divisors);
    turns.set(rotary, made);
    return made;
  };
  const norm = kind.wholeNorms ? { ...d.norm, offset: 0 } : d.norm;
  const other = d.perLayer;
  return {
    ...d,
    norm,
    blockScale: given(d.blockScale, 'layer_output_scale.weight'),
    perLayer:
      other &&
      ((layer) => {
        const own = other(layer);
        return own?.attention ? { ...own, attention: { ...own.attention, v: 'attn_k' } } : own;
      }),
    embedding: {
      ...d.embedding,
      name: 'token_embd',
      ...(d.embedding.norm === undefined ? {} : { norm: 'token_embd_norm' }),
      positions: d.embedding.positions && { ...d.embedding.positions, name: 'position_embd' },
    },
    blocks: 'blk.',
    attention: {
      ...a,
      before: given(a.before, names.attentionNorm),
      after: given(a.after, 'post_attention_norm'),
      q: 'attn_q',
      k: 'attn_k',
      v: 'attn_v',
      o: 'attn_output',
      fused: fused ? { name: 'attn_qkv', layout: 'blocks' } : undefined,
      bias: { qkv: inBlock(fused ? 'attn_qkv.bias' : 'attn_q.bias'), o: inBlock('attn_output.bias') },
      norms: a.norms && {
        ...a.norms,
        over: a.norms.over === 'numbered heads' ? 'each head' : a.norms.over,
        norm: kind.wholeNorms ? { ...a.norms.norm, offset: 0 } : a.norms.norm,
        q: 'attn_q_norm',
        k: 'attn_k_norm',
      },
      rotary: (layer) => {
        const rotary = a.rotary(layer);
        return rotary && turned(rotary);
      },
      sinks: given(a.sinks, 'attn_sinks.weight'),
      latent: a.latent && latentNames(a.latent, inBlock('attn_k_b.weight')),
    },
    recurrence:
      d.recurrence &&
      ((layer) => {
        const own = d.recurrence?.(layer);
        return own && recurrenceNames(own, inBlock);
      }),
    feedForward: {
      ...f,
      before: given(f.before, names.feedForwardNorm),
      after: given(f.after, 'post_ffw_norm'),
      gate: gated && inBlock('ffn_gate.weight') ? 'ffn_gate' : undefined,
      up: 'ffn_up',
      down: 'ffn_down',
      gateUp: gated && !inBlock('ffn_gate.weight') ? 'ffn_up' : undefined,
      bias: inBlock('ffn_up.bias'),
    },
    experts:
      d.experts &&
      ((layer) => {
        const own = d.experts?.(layer);
        const both = inBlock('ffn_gate_up_exps.weight') ? 'ffn_gate_up_exps' : undefined;
        return (
          own && {
            ...own,
            router: 'ffn_gate_inp',
            gate: both ?? 'ffn_gate_exps',
            up: both ?? 'ffn_up_exps',
            down: 'ffn_down_exps',
            stacked: true,
            beside: own.beside && besideNames(own.beside),
            correction: given(own.correction, 'exp_probs_b.bias'),
            shared: own.shared && {
              matrices: { gate: 'ffn_gate_shexp', up: 'ffn_up_shexp', down: 'ffn_down_shexp' },
              ...(own.shared.gate === undefined ? {} : { gate: 'ffn_gate_inp_shexp' }),
            },
          }
        );
      }),
    finalNorm: given(d.finalNorm, names.finalNorm),
    head: { ...d.head, name: 'output', bias: has('output.bias') },
    transposed: false,
  };
}

const besideNames = ({ router }: BesideMlp): BesideMlp => ({
  before: 'pre_ffw_norm_2',
  after: 'post_ffw_norm_2',
  mlpAfter: 'post_ffw_norm_1',
  router: { ...router, name: 'ffn_gate_inp.scale' },
  shares: 'ffn_down_exps.scale',
});

/** @param inBlock whether some block has a tensor */
function recurrenceNames(r: Recurrence, inBlock: (name: string) => boolean): Recurrence {
  const state = {
    convolution: 'ssm_conv1d',
    stepBias: 'ssm_dt.bias',
    rate: { name: 'ssm_a', stored: 'negative' },
    norm: 'ssm_norm',
    output: 'ssm_out',
  } as const;
  switch (r.kind) {
    case 'convolution':
      return { ...r, input: 'shortconv.in_proj', convolution: 'shortconv.conv', output: 'shortconv.out_proj' };
    case 'state space':
      return { ...r, ...state, input: 'ssm_in', skip: 'ssm_d' };
    case 'delta rule':
      return {
        ...r,
        ...state,
        inputs: inBlock('ssm_in.weight') ? 'ssm_in' : { mixed: 'attn_qkv', gate: 'attn_gate' },
        rates: inBlock('ssm_ba.weight') ? 'ssm_ba' : { write: 'ssm_beta', step: 'ssm_alpha' },
        order: inBlock('ssm_ba.weight') ? 'by keys' : 'in turn',
      };
  }
}

/** @param apart whether keys and values have a matrix each */
function latentNames(l: Latent, apart: boolean): Latent {
  return {
    ...l,
    queries: l.queries && { ...l.queries, down: 'attn_q_a', norm: 'attn_q_a_norm', up: 'attn_q_b' },
    keysAndValues: {
      ...l.keysAndValues,
      down: 'attn_kv_a_mqa',
      norm: 'attn_kv_a_norm',
      up: 'attn_kv_b',
      apart: apart ? { k: 'attn_k_b', v: 'attn_v_b' } : undefined,
    },
  };
}
