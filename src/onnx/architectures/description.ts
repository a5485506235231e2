import type { Json } from '../json.js';
import type { Configuration } from './configuration.js';
import type { Rotary } from './rotary.js';

/** A kind of decoder: where it is written down, and how its configuration describes one. */
export interface Architecture {
  /** Where what is said here can be read. */
  readonly source: string;
  /** What transformers takes where config.json says nothing. */
  readonly defaults: Json;
  readonly describe: (c: Configuration) => Description;
  /** Quantization (`quant_method`) that is read. */
  readonly quantized?: string;
}

/** What a decoder is made of. Names of tensors are those under the model's prefix; `.weight` and `.bias` are left out. */
export interface Description {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  /** Of a query and a key. */
  readonly headSize: number;
  /** Of a value, where it is another. */
  readonly valueSize?: number;
  readonly norm: Norm;
  readonly embedding: {
    readonly name: string;
    readonly scale?: number;
    /** A norm of the embeddings themselves. */
    readonly norm?: string;
    /** Learned vectors of positions; `offset` rows of the table come before the first position's. */
    readonly positions?: { readonly name: string; readonly offset: number } | undefined;
    /** From narrower embeddings to the residual stream, without a bias. */
    readonly projection?: string;
  };
  /** Blocks are named by this and their number. */
  readonly blocks: string;
  /** Blocks behind the last, which predict further tokens and are not read. */
  readonly further?: number;
  /** Attention and MLP read the same residual stream, and both are added to it. */
  readonly parallel: boolean;
  /** What attention and MLP give is multiplied by this. */
  readonly residualScale: number;
  readonly attention: Attention;
  /** In place of attention, in the layers that have one. */
  readonly recurrence?: ((layer: number) => Recurrence | undefined) | undefined;
  readonly feedForward: FeedForward;
  /** Blocks are attention, or what stands in its place, alone. */
  readonly withoutFeedForward?: boolean;
  /** What a layer has otherwise than the others. */
  readonly perLayer?: ((layer: number) => LayerDifference | undefined) | undefined;
  /** Name of the whole tensor, one number, that what a block gives is multiplied by. */
  readonly blockScale?: string | undefined;
  /** In place of the MLP, in the layers that have them. */
  readonly experts?: ((layer: number) => Experts | undefined) | undefined;
  readonly finalNorm: string | undefined;
  readonly head: {
    readonly name: string;
    /** The embedding's matrix is the head's. */
    readonly tied: boolean;
    readonly bias: boolean;
    readonly scale?: number;
    /** Soft-cap: cap x tanh(logits / cap). */
    readonly cap?: number | undefined;
    /** From the residual stream to narrower states, without a bias. */
    readonly projection?: string;
  };
  /** Matrices are stored as [in, out]. */
  readonly transposed: boolean;
  /** What a part gives is added to what its norm gave, not to what its norm read. */
  readonly addsToNormed?: boolean;
}

export type LayerDifference = Partial<Pick<Description, 'keyValueHeads' | 'headSize'>> & {
  readonly attention?: Partial<Attention>;
};

/** A description as it holds in one layer. */
export function atLayer(d: Description, layer: number): Description {
  const other = d.perLayer?.(layer);
  return other ? { ...d, ...other, attention: { ...d.attention, ...other.attention } } : d;
}

export interface Norm {
  readonly kind: 'rms' | 'layer';
  readonly epsilon: number;
  /** Added to the stored weight. */
  readonly offset: number;
  readonly weight: boolean;
  readonly bias: boolean;
}

/** Names of the norms around a part of a block. */
export interface Norms {
  readonly before?: string | undefined;
  /** Of what the part gives, before it is added. */
  readonly after?: string | undefined;
  /** Of the sum: the residual stream itself is normed. */
  readonly onSum?: string | undefined;
}

export interface Attention extends Norms {
  readonly q: string;
  readonly k: string;
  readonly v: string;
  readonly o: string;
  /** One matrix for all three. */
  readonly fused?: Fused | undefined;
  /** Whether there is a bias, of queries, keys, values and of the output. */
  readonly bias: { readonly qkv: boolean; readonly o: boolean };
  readonly norms?: HeadNorms | undefined;
  /** What scores are multiplied by. */
  readonly scale: (layer: number) => number;
  /** Soft-cap of scores. */
  readonly cap?: number | undefined;
  /** Queries, keys and values are cut off beyond this. */
  readonly clip?: number | undefined;
  /** Positions that one sees, its own included; undefined for all. */
  readonly window: (layer: number) => number | undefined;
  readonly rotary: (layer: number) => Rotary | undefined;
  readonly alibi?: Alibi | undefined;
  /** A score for each head, [heads], that takes its share of the weights and has no value. Name of the whole tensor. */
  readonly sinks?: string | undefined;
  /** Behind each head's query its matrix gives a gate: by its sigmoid what the head gives is multiplied. */
  readonly gated?: boolean;
  /** In place of the matrices of keys and values, and of queries where it says so. */
  readonly latent?: Latent | undefined;
}

/** Keys and values that come of one narrow row for all heads; the last dimensions of a key turn, and are alike in all heads. */
export interface Latent {
  /** Queries come of a narrow row, too. */
  readonly queries: Narrow | undefined;
  readonly keysAndValues: Narrow;
  /** Dimensions of a head that turn. */
  readonly turning: number;
  /** Of the norms between. */
  readonly epsilon: number;
}

/** Two matrices with a norm between them. */
export interface Narrow {
  readonly rank: number;
  readonly down: string;
  readonly norm: string;
  readonly up: string;
  /** In place of the second matrix one for keys, [heads, rank, size], and one for values, [heads, size, rank]. */
  readonly apart?: { readonly k: string; readonly v: string } | undefined;
  /** Of the first matrix. */
  readonly bias: boolean;
}

/** What stands in place of attention: what came before is a state of one size. */
export type Recurrence = ShortConvolution | StateSpace | DeltaNet;

/** Each number with its own weights for some positions up to its own, between two gates. */
export interface ShortConvolution {
  readonly kind: 'convolution';
  /** Gives the gate before, the gate behind, and what is convolved. */
  readonly input: string;
  readonly convolution: string;
  readonly output: string;
  /** Positions that it sees, its own included. */
  readonly positions: number;
  readonly bias: boolean;
}

/** What a layer with a state has, whatever changes it. */
interface State {
  /** Before it, with weights for some positions up to its own. */
  readonly convolution: string;
  readonly positions: number;
  readonly activation: string;
  /** Name of the whole tensor, [heads], that is added to steps of time. */
  readonly stepBias: string;
  /** How fast a head's state falls off, [heads]: the name of the whole tensor, and whether it holds the logarithm or, negative, itself. */
  readonly rate: { readonly name: string; readonly stored: 'logarithm' | 'negative' };
  readonly norm: string;
  readonly output: string;
}

/** Mamba 2: Dao and Gu, "Transformers are SSMs" (2024). */
export interface StateSpace extends State {
  readonly kind: 'state space';
  /** Gives gates, what is convolved, and steps of time. */
  readonly input: string;
  /** Name of the whole tensor, [heads], that values pass the state by with. */
  readonly skip: string;
  readonly heads: number;
  readonly headSize: number;
  readonly stateSize: number;
  /** Heads of a group have the same keys and queries (B and C), and what they give is normed together. */
  readonly groups: number;
  readonly bias: boolean;
  readonly convolutionBias: boolean;
  /** Steps of time are cut off beyond these. */
  readonly steps: readonly [least: number, most: number];
}

/** The gated delta rule: Yang, Kautz and Hatamizadeh, "Gated Delta Networks" (2024). */
export interface DeltaNet extends State {
  readonly kind: 'delta rule';
  /** Of values; a key and its query serve as many of them. */
  readonly heads: number;
  readonly keyHeads: number;
  readonly keySize: number;
  readonly valueSize: number;
  /** Heads of values with the same key follow one another, or one of each key follows one of each. */
  readonly order: 'by keys' | 'in turn';
  /** One matrix for queries, keys, values and gates, by heads of keys; else one for the first three, and one for the gates. */
  readonly inputs: string | { readonly mixed: string; readonly gate: string };
  /** One matrix for how much is written and for steps of time, by heads of keys; else one for each. */
  readonly rates: string | { readonly write: string; readonly step: string };
}

export interface Fused {
  readonly name: string;
  /**
   * How its rows are ordered: all of q, all of k, all of v; or by groups of query heads with their key and value; or in four
   * parts of q, v, k.
   */
  readonly layout: 'blocks' | 'groups' | 'four parts';
}

/** Norms of queries and keys. */
export interface HeadNorms {
  readonly q: string;
  readonly k: string;
  /** One for the whole width; one for each head alike; another weight for each head, in one tensor or in several. */
  readonly over: 'width' | 'head' | 'each head' | 'numbered heads';
  readonly behindRotary: boolean;
  readonly norm: Norm;
  /** Values are normed as well, each head's, without a weight. */
  readonly values?: boolean;
}

/** Scores are lowered with the distance. */
export interface Alibi {
  /** [heads] */
  readonly slopes: readonly number[];
  /** What a position adds, times its slope, is rounded to bfloat16, and then multiplied by this. */
  readonly rounded?: number;
}

export interface FeedForward extends Norms {
  readonly gate?: string | undefined;
  readonly up: string;
  readonly down: string;
  /** One matrix for gate and up, in this order. */
  readonly gateUp?: string | undefined;
  readonly bias: boolean;
  readonly activation: string;
}

/** Experts, of which each position chooses some. */
export interface Experts {
  readonly count: number;
  readonly top: number;
  readonly router: string;
  readonly routerBias?: boolean;
  /** Shares by softmax over all experts, or over the chosen ones; or of each by its own sigmoid. */
  readonly shares: 'softmax' | 'softmax of chosen' | 'sigmoid';
  /** Name of the whole tensor, [experts], that is added to shares when experts are chosen, and only then. */
  readonly correction?: string | undefined;
  /** Experts are chosen among those of the best groups, by a group's best share or its two best. */
  readonly groups?: { readonly count: number; readonly top: number; readonly by: 'best' | 'two best' } | undefined;
  /** Shares of the chosen are divided by their sum. */
  readonly normalized: boolean;
  /** Added to that sum. */
  readonly epsilon?: number;
  /** What all shares are multiplied by. */
  readonly scale?: number;
  /** Names of each expert's matrices, its number in place of `#`; or of one tensor [experts, rows, columns] for all. */
  readonly gate: string;
  readonly up: string;
  readonly down: string;
  /** Each tensor holds all experts' matrices; where `gate` and `up` are the same, it holds both. */
  readonly stacked: boolean;
  /**
   * As gpt-oss has them: with biases, and (up + 1) x gate x sigmoid(alpha x gate) of what is cut off beyond the limit. Where `gate`
   * and `up` are the same, they are every other column of one stacked tensor, and all matrices are [inputs, outputs]. Where blocks of
   * 4 bits (MXFP4) are stored in place of them, an expert's are unpacked whenever it is asked.
   */
  readonly clamped?: { readonly alpha: number; readonly limit: number };
  /** As Gemma 4 has them, beside the block's own MLP. */
  readonly beside?: BesideMlp | undefined;
  /** An MLP that every position passes besides, and what its result is weighed by. */
  readonly shared?:
    { readonly matrices: Pick<FeedForward, 'gate' | 'up' | 'down' | 'gateUp'>; readonly gate?: string } | undefined;
  readonly activation: string;
}

/** Experts and the block's MLP read the same residual stream, each through its own norms, and their results are added. */
export interface BesideMlp extends Required<Pick<Norms, 'before' | 'after'>> {
  /** Norm of what the MLP gives. */
  readonly mlpAfter: string;
  /** The router reads the residual stream, normed without a weight, times this: name of the whole tensor, [hidden]; and times a number. */
  readonly router: { readonly name: string; readonly scale: number };
  /** What the shares of the chosen are multiplied by: name of the whole tensor, [experts]. */
  readonly shares: string;
}

type Changes<T> = {
  readonly [K in keyof T]?: T[K] extends (...args: never[]) => unknown
    ? T[K]
    : T[K] extends object
      ? Partial<T[K]>
      : T[K];
};
/** What differs from another architecture: parts are merged, everything else takes the other's place. */
export type Difference = Changes<Omit<Description, 'experts'>> &
  Pick<Description, never> & {
    readonly experts?: Description['experts'];
  };

/** An architecture that is another one but for some differences. */
export function from(
  base: Architecture,
  source: string,
  defaults: Json,
  differences: (c: Configuration, base: Description) => Difference = () => ({}),
): Architecture {
  return {
    source: `transformers, models/${source}`,
    defaults: { ...base.defaults, ...defaults },
    describe(c) {
      const own = base.describe(c);
      const other = differences(c, own);
      return {
        ...own,
        ...other,
        norm: { ...own.norm, ...other.norm },
        embedding: { ...own.embedding, ...other.embedding },
        attention: { ...own.attention, ...other.attention },
        feedForward: { ...own.feedForward, ...other.feedForward },
        head: { ...own.head, ...other.head },
      };
    },
  };
}
