import type { FaultData } from '../map/fault.js';
import type { ModelDescription, OpenEvent } from './engine.js';
import type { ModelTensors } from './tensors.js';

/** What is told of a model's opening. */
export type ModelOpening =
  | { readonly status: 'opening'; readonly repacked: Pick<OpenEvent, 'done' | 'total'> | null }
  /** Weights in blocks are repacked when it is opened: that is asked for first. */
  | { readonly status: 'asking' }
  | { readonly status: 'open'; readonly description: ModelDescription }
  | { readonly status: 'failed'; readonly fault: FaultData };

/** What the page of a model shows. */
export interface ModelPageState {
  readonly name: string;
  /** The place as people read it. */
  readonly place: string;
  /** The folder is not trusted: nothing was read. */
  readonly restricted: boolean;
  readonly opening: ModelOpening;
}

/** Extension host to the page of a model. */
export type ModelHostMessage =
  | { readonly type: 'state'; readonly state: ModelPageState }
  /** null: they cannot be read, for the reason that the model cannot be opened either. */
  | { readonly type: 'tensors'; readonly tensors: ModelTensors | null };

export const MODEL_ACTIONS = ['ready', 'generate', 'open', 'again', 'showFile', 'showLog', 'trust'] as const;

/** The page of a model to the extension host: what a person pressed, or that the page stands. */
export interface ModelPageMessage {
  readonly type: (typeof MODEL_ACTIONS)[number];
}
