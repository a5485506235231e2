import type { MissingFile } from '../../formats/saveMap.js';
import type { Token } from '../../map/token.js';
import type { ModelFacts, Runtime } from '../../map/tokenMap.js';
import type { ComparisonSummary } from '../../map/compare/comparison.js';
import type { ModelDescription } from '../../protocol/engine.js';
import type { Requests } from '../../protocol/channel.js';

/** Raised when a program that speaks the last version would misread this one. Requests and keys may be added without. */
export const PROTOCOL_VERSION = 1;

/** Bytes as base64. */
export type Base64 = string;

/** Cells, or vectors, that are done. */
interface Progress {
  readonly done: number;
  readonly total: number;
}

/** A map that was computed: its handle, for what can be asked of it, and its arrays. */
export interface ServedMap {
  readonly map: number;
  /** The map as `--formats npz` writes it. */
  readonly npz: Base64;
  readonly facts: ModelFacts;
  readonly runtime: Runtime;
}

/** Two maps beside each other. */
export interface ServedComparison {
  readonly summary: ComparisonSummary;
  /** Why there are no divergences; left out where there are. */
  readonly withoutDivergences: string | undefined;
  /**
   * [rows, columns] each: `changed`, -1 where a map lacks the cell, 0 the same winner, 1 another, 2 another within rounding;
   * `kl_ab`, `kl_ba`, `jensen_shannon` in nats, where they are known.
   */
  readonly npz: Base64;
}

/**
 * What a program asks `embedding-grid serve --stdio`. Arrays come back as an NPZ archive; what a map is of is said with the
 * command line's flags, by name, a switch's value being empty. docs/python.md tells the same to people.
 */
export type ServeRequests = Requests<{
  hello: { params: unknown; event: never; result: { readonly protocol: number; readonly version: string } };
  open: { params: unknown; event: never; result: { readonly session: number; readonly description: ModelDescription } };
  tokenize: { params: unknown; event: never; result: { readonly tokens: readonly Token[] } };
  /** `states` [layers, positions, d] float32. */
  states: { params: unknown; event: never; result: { readonly tokens: readonly Token[]; readonly npz: Base64 } };
  map: { params: unknown; event: Progress; result: ServedMap };
  /** `ids`, `probabilities`, `logits` [N, k], `entropy` [N] in nats; `answers` [N] where a question is asked, [N, Q] of several. */
  predict: { params: unknown; event: Progress; result: { readonly tokens: readonly Token[]; readonly npz: Base64 } };
  compare: { params: unknown; event: never; result: ServedComparison };
  /** The map in a format, as `--formats` writes it. */
  file: { params: unknown; event: never; result: { readonly bytes: Base64 } };
  save: {
    params: unknown;
    event: never;
    result: { readonly files: readonly string[]; readonly missing: readonly MissingFile[] };
  };
  /** Lets go of a map. */
  forget: { params: unknown; event: never; result: null };
  /** Closes a model. */
  close: { params: unknown; event: never; result: null };
}>;
