import type { Check, DeviceReport, ModelDescription, Support } from '../protocol/engine.js';
import type { Model } from './model/model.js';

/** What was found in a model, for controls and `inspect`. */
export function describe(
  model: Model,
  device: DeviceReport,
  checks: readonly Check[],
  milliseconds: number,
): ModelDescription {
  const { anatomy, tokenizer } = model;
  const ids = idsSupport(model);
  return {
    reference: model.reference,
    path: model.files.file,
    facts: model.facts,
    modelType: model.files.config.modelType,
    opset: anatomy.graph.opsets.get('') ?? 0,
    nodes: anatomy.graph.nodes.length,
    ...(model.files.config.attentionHeads === undefined ? {} : { attentionHeads: model.files.config.attentionHeads }),
    residual: anatomy.residual.map((tensor, i) => ({ layer: i === 0 ? ('embeddings' as const) : i - 1, tensor })),
    finalNorm: anatomy.finalNorm ?? 'none',
    head: {
      operator: anatomy.head.matmul.opType,
      weight: anatomy.head.weight,
      bias: anatomy.head.bias,
      after: anatomy.head.after,
    },
    readouts: {
      forward: { ok: true },
      lens: { ok: true },
      unembed: unembedSupport(model),
      tuned: { ok: true },
      jacobian: { ok: true },
    },
    contexts: {
      none: { ok: true },
      bos: !ids.ok
        ? ids
        : tokenizer.bos === null
          ? { ok: false, reason: 'The model names no BOS token.' }
          : { ok: true },
      prompt: !ids.ok ? ids : tokenizer.prompts,
      chat: !ids.ok ? ids : tokenizer.prompts.ok ? tokenizer.chat : tokenizer.prompts,
    },
    prefix: model.manner.prefix,
    batching: model.manner.batching,
    tokenizer: {
      file: tokenizer.file === null ? null : 'tokenizer.json',
      size: tokenizer.size,
      bos: tokenizer.bos,
      ...(tokenizer.reason === undefined ? {} : { reason: tokenizer.reason }),
      ...(tokenizer.note === undefined ? {} : { note: tokenizer.note }),
    },
    device,
    checks,
    openedMilliseconds: Math.round(milliseconds),
  };
}

/** Whether anything can stand before a vector. */
export const idsSupport = (model: Model): Support =>
  model.anatomy.interface.ids === undefined
    ? { ok: false, reason: 'This export takes embeddings instead of token ids: nothing can stand before the vector.' }
    : { ok: true };

/** Whether the head's matrix takes hidden states. */
export function unembedSupport(model: Model): Support {
  const { head, hiddenSize } = model.anatomy;
  if (head.width === undefined || head.width === hiddenSize) return { ok: true };
  return {
    ok: false,
    reason: `The head reads ${head.width} dimensions, the residual stream has ${hiddenSize}: there is no bare unembedding of a hidden state.`,
  };
}
