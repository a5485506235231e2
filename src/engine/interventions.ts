import { Fault } from '../map/fault.js';
import type { Intervention, InterventionPart, InterventionText, InterventionVector } from '../map/interventions.js';
import type { Prompt } from '../map/specification.js';
import { stateName } from '../onnx/cut/names.js';
import { type GraphIntervention, partValues, type PartValues } from '../onnx/intervene.js';
import type { HiddenSpace } from './hiddenSpace.js';
import type { FedNumbers } from './model/fed.js';
import { translated } from './model/model.js';
import type { Variant } from './model/variant.js';
import { allIds, readPrompt } from './prompts.js';
import { SAMPLE_TEXTS } from './sampleTexts.js';

/** Interventions with their numbers: what a variant is made of. */
export interface ReadInterventions {
  readonly graph: readonly GraphIntervention[];
  readonly fed: readonly FedNumbers[];
}

/**
 * Reads interventions against a model: their means, frozen values and vectors, all of the model as it is.
 * @param plain the model as it is, and its hidden space
 * @throws Fault `model-unsupported` for what the export does not show, and as
 *   {@link readPrompt} and {@link HiddenSpace.vector}.
 */
export async function readInterventions(
  plain: { readonly variant: Variant; readonly space: HiddenSpace },
  interventions: readonly Intervention[],
): Promise<ReadInterventions> {
  const graph: GraphIntervention[] = [];
  const fed: FedNumbers[] = [];
  for (const one of interventions) {
    const { block } = one;
    switch (one.kind) {
      case 'skip':
        graph.push(one);
        break;
      case 'zero':
        graph.push(changed(one, block, null));
        break;
      case 'mean':
        graph.push(changed(one, block, await meanOf(plain.variant, one, block, one.texts ?? SAMPLE_TEXTS)));
        break;
      case 'freeze': {
        const input = `embedding_grid.frozen/${fed.length}`;
        fed.push({ input, ...(await rowsOf(plain.variant, one, block, one.prompt)) });
        graph.push(changed(one, block, { fed: input }));
        break;
      }
      case 'project': {
        const direction = await vectorOf(plain.space, one.direction, block, 'The direction');
        if (direction.every((x) => x === 0))
          throw new Fault({ code: 'bad-parameter', message: 'A direction of length 0 cannot be taken out.' });
        graph.push({ kind: 'project', block, direction });
        break;
      }
      case 'add': {
        const vector = await vectorOf(plain.space, one.vector, block, 'The vector that is added');
        const added = { input: `embedding_grid.added/${fed.length}`, vector: vector.map((x) => x * one.coefficient) };
        fed.push(added);
        graph.push({ kind: 'add', block, ...added, positions: one.positions });
        break;
      }
    }
  }
  return { graph, fed };
}

const changed = (
  part: InterventionPart,
  block: number,
  by: Extract<GraphIntervention, { kind: 'replace' }>['by'],
): GraphIntervention =>
  part.part === 'heads'
    ? { kind: 'heads', block, heads: part.heads ?? [], by }
    : { kind: 'replace', block, part: part.part, by };

async function vectorOf(
  space: HiddenSpace,
  vector: InterventionVector,
  block: number,
  what: string,
): Promise<Float32Array> {
  if (vector.kind !== 'difference') return space.vector(vector, block, space.width, what);
  const mean = (prompts: readonly Prompt[]): Promise<Float32Array> =>
    space.vector({ kind: 'mean', prompts }, block, space.width, what);
  const [to, from] = [await mean(vector.to), await mean(vector.from)];
  return to.map((x, i) => x - (from[i] ?? 0));
}

/** What a part gives for a prompt, [positions * width]. */
async function rowsOf(
  variant: Variant,
  part: InterventionPart,
  block: number,
  prompt: Prompt,
): Promise<{ readonly rows: Float32Array; readonly width: number }> {
  const ids = allIds(await readPrompt(variant.model, prompt));
  const values = valuesOf(variant, part, block);
  let rows = new Float32Array(0);
  await eachSum(variant, values, [ids], (sum) => (rows = sum));
  return { rows, width: values.width };
}

/** The mean of what a part gives, over all positions of texts but their first (of a text of one position, that). */
async function meanOf(
  variant: Variant,
  part: InterventionPart,
  block: number,
  texts: readonly InterventionText[],
): Promise<Float32Array> {
  const values = valuesOf(variant, part, block);
  const sequences = await Promise.all(
    texts.map(async (text) =>
      allIds(
        await readPrompt(
          variant.model,
          typeof text === 'string' ? { kind: 'prompt', text } : { kind: 'tokens', ids: text },
        ),
      ),
    ),
  );
  const total = new Float64Array(values.width);
  let count = 0;
  await eachSum(variant, values, sequences, (sum, ids) => {
    for (let position = ids.length > 1 ? 1 : 0; position < ids.length; position++, count++)
      for (let i = 0; i < values.width; i++) total[i] = (total[i] ?? 0) + (sum[position * values.width + i] ?? 0);
  });
  return Float32Array.from(total, (sum) => sum / count);
}

function valuesOf({ model }: Variant, part: InterventionPart, block: number): PartValues {
  const { heads = [] } = part;
  return translated(
    () => partValues(model.anatomy, { block, part: part.part, heads }, model.files.config.attentionHeads),
    model.files.relativeFile,
  );
}

async function eachSum(
  variant: Variant,
  { tensors, width }: PartValues,
  sequences: readonly (readonly number[])[],
  visit: (sum: Float32Array<ArrayBuffer>, ids: readonly number[]) => void,
): Promise<void> {
  await variant.withStates(tensors, [], async (run) => {
    for (const ids of sequences) {
      const results = await run(ids);
      const sum = new Float32Array(ids.length * width);
      for (const tensor of tensors) {
        const data: unknown = results[stateName(tensor)]?.data;
        if (!(data instanceof Float32Array) || data.length !== sum.length)
          throw new Fault({ code: 'internal', message: 'A part of a block gave something else than its values.' });
        for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (data[i] ?? 0);
      }
      visit(sum, ids);
    }
  });
}
