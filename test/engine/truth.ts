import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';

/** The reference answers beside a model: what PyTorch, or the exported file itself, says (see the folder's README). */
const array = v.object({ shape: v.array(v.number()), data: v.array(v.number()) });
const resultSchema = v.object({
  layer: v.number(),
  readout: v.picklist(['forward', 'lens', 'unembed']),
  context: v.nullable(v.string()),
  top5_ids: array,
  top5_logprob: array,
  margin: array,
  entropy: array,
});
const states = v.array(v.object({ layer: v.number(), data: v.array(v.number()) }));
const truthSchema = v.object({
  name: v.string(),
  model: v.object({ n_layers: v.number(), hidden_size: v.number(), vocab_size: v.number() }),
  export: v.object({ file: v.string(), style: v.string(), exporter: v.string(), dtype: v.string() }),
  own_logits_prompt: v.object({ input_ids: v.array(v.number()), data: v.array(v.number()) }),
  own_vs_pytorch: v.object({ optimised_vs_unoptimised_max_abs_logprob_diff: v.number() }),
  contexts: v.object({ prompt: v.object({ input_ids: v.array(v.number()) }) }),
  residual: v.array(
    v.object({ layer: v.number(), tensor: v.nullable(v.string()), aliases: v.optional(v.array(v.string()), []) }),
  ),
  grids: v.array(v.object({ name: v.string(), xs: v.array(v.number()), ys: v.array(v.number()) })),
  planes: v.array(
    v.object({ layer: v.number(), c: v.array(v.number()), u: v.array(v.number()), v: v.array(v.number()) }),
  ),
  h_star: states,
  results: v.array(resultSchema),
  as_exported: v.optional(v.nullable(v.object({ h_star: states, results: v.array(resultSchema) }))),
});
export type Truth = v.InferOutput<typeof truthSchema>;
export type TruthResult = v.InferOutput<typeof resultSchema>;

const HERE = import.meta.dirname;

/** Folders of reference models: those kept in the project, or all in the folder that REFERENCE_MODELS names. */
export function referenceFolders(): string[] {
  const folder = process.env.REFERENCE_MODELS ?? join(HERE, '..', 'fixtures', 'models');
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => existsSync(join(path, 'truth.json')));
}

export const readTruth = (folder: string): Truth =>
  v.parse(truthSchema, JSON.parse(readFileSync(join(folder, 'truth.json'), 'utf8')));

/** Which answers a result is judged by, and how far log-probabilities may differ; null where there is no truth. */
export function judgement(
  truth: Truth,
  readout: TruthResult['readout'],
): { by: 'results' | 'as_exported'; tolerance: number } | null {
  const { name } = truth;
  const forward = readout === 'forward';
  switch (truth.export.dtype) {
    case 'fp32':
      if (name === 'genai-fp32-gemma2') return { by: 'results', tolerance: 2e-3 };
      if (forward && (name === 'optimum-past-gemma2' || name === 'genai-fp32-gemma3_text'))
        return { by: 'as_exported', tolerance: 1e-4 };
      return { by: 'results', tolerance: 1e-4 };
    case 'fp16':
      return forward ? { by: 'as_exported', tolerance: 0.04 } : { by: 'results', tolerance: 0.02 };
    default:
      if (!forward) return null;
      if (truth.export.style === 'int8' && /dynamic/i.test(truth.export.exporter))
        return { by: 'as_exported', tolerance: 0.1 };
      return { by: 'as_exported', tolerance: name.includes('qdq') ? 0.3 : 0.03 };
  }
}
