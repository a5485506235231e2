import * as v from 'valibot';
import { LIMITS } from './limits.js';
import { finite, type Prompt, promptSchema, sourceSchemas, type VectorSource, whole } from './vectorSource.js';

/** What attention, MLP or single attention heads of a block do. Heads are changed before the output projection joins them. */
export interface InterventionPart {
  readonly part: 'attention' | 'mlp' | 'heads';
  /** Of `heads`, and only of these: numbers of attention heads, from 0. */
  readonly heads?: readonly number[];
}

/** A text, or the token ids of one. */
export type InterventionText = string | readonly number[];

/** A vector of an intervention. Hidden states are those of the untouched model, at the output of the intervention's block. */
export type InterventionVector =
  | VectorSource
  /** What leads from the mean of some prompts' hidden states to that of others. */
  | { readonly kind: 'difference'; readonly from: readonly Prompt[]; readonly to: readonly Prompt[] };

/** Where a vector is added. `later`: behind the position that the grid's vector takes. */
export type InterventionPositions = 'last' | 'all' | 'later';

/**
 * A change of the model's computation in one block, from 0. `skip`: its output is its input. `zero`: a part adds nothing to the
 * residual stream. `mean`: it adds its mean over texts, all positions but the first (null: the sample texts). `freeze`: it adds
 * what it adds to another prompt of the same length, position by position. `project`: a direction is taken out of the output at
 * every position. `add`: a vector times a coefficient is added to the output. Values are those of the untouched model.
 */
export type Intervention =
  | { readonly kind: 'skip'; readonly block: number }
  | ({ readonly kind: 'zero'; readonly block: number } & InterventionPart)
  | ({
      readonly kind: 'mean';
      readonly block: number;
      readonly texts: readonly InterventionText[] | null;
    } & InterventionPart)
  | ({ readonly kind: 'freeze'; readonly block: number; readonly prompt: Prompt } & InterventionPart)
  | { readonly kind: 'project'; readonly block: number; readonly direction: InterventionVector }
  | {
      readonly kind: 'add';
      readonly block: number;
      readonly vector: InterventionVector;
      readonly coefficient: number;
      readonly positions: InterventionPositions;
    };

const block = whole('block', 0, 100_000);
const prompts = v.pipe(
  v.array(promptSchema, 'the prompts must be a list'),
  v.minLength(1, 'there are no prompts'),
  v.maxLength(LIMITS.prompts, `there can be at most ${LIMITS.prompts} prompts`),
);
const vectorSchema = v.variant(
  'kind',
  [...sourceSchemas, v.object({ kind: v.literal('difference'), from: prompts, to: prompts })],
  'the vector must be a prompt, tokens, a mean, a difference, a row or a vector',
);
const part = {
  part: v.picklist(['attention', 'mlp', 'heads'], 'the part must be attention, mlp or heads'),
  heads: v.exactOptional(
    v.pipe(
      v.array(whole('attention head', 0, 10_000), 'the attention heads must be a list'),
      v.minLength(1, 'no attention head is named'),
      v.maxLength(1000, 'there can be at most 1000 attention heads'),
      v.check((heads) => new Set(heads).size === heads.length, 'an attention head is named twice'),
    ),
  ),
};
const isNamed = (one: InterventionPart): boolean => (one.part === 'heads') === (one.heads !== undefined);
const NAMED = 'attention heads must be named where the part is heads, and only there';
const texts = v.optional(
  v.nullable(
    v.pipe(
      v.array(
        v.union(
          [
            v.pipe(v.string(), v.minLength(1, 'a text is empty'), v.maxLength(LIMITS.promptCharacters)),
            v.pipe(v.array(whole('token id', 0, 2 ** 31 - 1)), v.minLength(1), v.maxLength(LIMITS.promptTokens)),
          ],
          'a text must be text or token ids',
        ),
        'the texts must be a list',
      ),
      v.minLength(1, 'the mean has no texts'),
      v.maxLength(LIMITS.texts, `there can be at most ${LIMITS.texts} texts`),
    ),
  ),
  null,
);
const message = 'an intervention must be skip, zero, mean, freeze, project or add';

export const interventionSchema = v.variant(
  'kind',
  [
    v.object({ kind: v.literal('skip'), block }),
    v.pipe(
      v.object({ kind: v.literal('zero'), block, ...part }),
      v.check((one) => isNamed(one), NAMED),
    ),
    v.pipe(
      v.object({ kind: v.literal('mean'), block, ...part, texts }),
      v.check((one) => isNamed(one), NAMED),
    ),
    v.pipe(
      v.object({ kind: v.literal('freeze'), block, ...part, prompt: promptSchema }),
      v.check((one) => isNamed(one), NAMED),
    ),
    v.object({ kind: v.literal('project'), block, direction: vectorSchema }),
    v.object({
      kind: v.literal('add'),
      block,
      vector: vectorSchema,
      coefficient: v.optional(
        v.pipe(
          finite('coefficient'),
          v.check((n) => Math.abs(n) <= 1e12, 'coefficient must be within 1e12 of 0'),
        ),
        1,
      ),
      positions: v.optional(v.picklist(['last', 'all', 'later'], 'positions must be last, all or later'), 'all'),
    }),
  ],
  message,
);

export const interventionsSchema = v.pipe(
  v.array(interventionSchema, 'the interventions must be a list'),
  v.maxLength(LIMITS.interventions, `there can be at most ${LIMITS.interventions} interventions`),
);

/** Whether one acts on the vector that a block puts out, behind everything that the block does. */
export const actsBehind = ({ kind }: Intervention): boolean => kind === 'add' || kind === 'project';

/**
 * Those that hidden states at a layer depend on (-1 is `embeddings`): below the layer, or in the block that makes it. What acts on
 * the block's output acts behind the hidden state, which is put back in its place.
 */
export const statesInterventions = (interventions: readonly Intervention[], layer: number): readonly Intervention[] =>
  interventions.filter((one) => one.block < layer || (one.block === layer && !actsBehind(one)));

/** Those that act on the grid's vector after it is put in. */
export const vectorInterventions = (interventions: readonly Intervention[], layer: number): readonly Intervention[] =>
  interventions.filter((one) => one.block === layer && actsBehind(one));

/** Those above the layer: in blocks that `lens` and `unembed` leave out. */
export const interventionsAbove = (interventions: readonly Intervention[], layer: number): readonly Intervention[] =>
  interventions.filter((one) => one.block > layer);
