import type * as vscode from 'vscode';
import type { MapParameters, MapSpecification, ModelReference } from '../map/specification.js';
import type { TokenMap } from '../map/tokenMap.js';

/**
 * What another extension gets from Embedding Grid:
 *
 * ```ts
 * const grid = await vscode.extensions.getExtension<EmbeddingGridApi>('embedding-grid.embedding-grid')?.activate();
 * const map = await grid?.generate({ layer: 3, readout: 'lens' });
 * ```
 */
export interface EmbeddingGridApi {
  /**
   * Computes a token map, in an engine process that panels on the same model share. No panel is opened.
   * @throws an error with a `code` (see `FaultCode`), a `message` for people and a `hint`: `cancelled` when the token fires,
   *   `bad-parameter`, `model-not-found` (also for a model of a folder that is not trusted), `engine-died`, `memory`, ...
   */
  generate(specification?: GenerateSpecification, options?: GenerateOptions): Promise<TokenMap>;

  /** Shows a map in an editor, read-only: a file that was saved, or a map as {@link generate} gave it. */
  open(map: vscode.Uri | TokenMap): Promise<void>;
}

/** What to compute. Parameters that are left out come from the settings; a {@link MapSpecification} is one of these. */
export interface GenerateSpecification extends Partial<MapParameters> {
  /**
   * The absolute path of a model's file or folder, `ORG/NAME[@REVISION]` in the Hugging Face cache, or the reference of a map that was made before, whose model is
   * looked for among the bundled model, recent ones and those in the workspace. Default: the default model.
   */
  readonly model?: string | ModelReference;
}

export interface GenerateOptions {
  /** Told how far the map is: `increment` adds up to 100. What `vscode.window.withProgress` hands out fits. */
  readonly progress?: vscode.Progress<{ message?: string; increment?: number }>;
  /** Stops the computation within about a second. */
  readonly token?: vscode.CancellationToken;
}

export type { MapParameters, MapSpecification, ModelReference, TokenMap };
