import type { FaultData } from '../map/fault.js';

/** What a study's file says, in words. */
export interface StudyPlan {
  readonly members: number;
  readonly shards: number;
  /** `layer`, its number of values, and as many of them as are shown. */
  readonly axes: readonly { readonly name: string; readonly count: number; readonly values: readonly string[] }[];
  /** Everything else: a name and its words. */
  readonly facts: readonly (readonly [name: string, words: string])[];
}

/** What a study takes, by its first members. */
export type StudyCost =
  | { readonly status: 'unknown' | 'running' }
  | {
      readonly status: 'known';
      readonly secondsEach: number;
      readonly seconds: number;
      /** Of the engine; null where that is not told. */
      readonly memory: number | null;
      readonly bytes: number;
      readonly files: number;
    };

export type StudyRun =
  | { readonly status: 'idle' }
  | {
      readonly status: 'running';
      readonly done: number;
      readonly members: number;
      readonly failed: number;
      /** null until a member was computed. */
      readonly secondsLeft: number | null;
      readonly memory: number | null;
      /** Stops at the next batch. */
      readonly stopping: boolean;
    };

/** What the page of a study shows. */
export interface StudyState {
  readonly name: string;
  /** null: its text is no study, and `fault` says why. */
  readonly plan: StudyPlan | null;
  readonly fault: FaultData | null;
  readonly cost: StudyCost;
  readonly run: StudyRun;
  /** Members that are there; null: no results have been begun. */
  readonly there: number | null;
  /** Members that are there as a fault; null: not known. */
  readonly failed: number | null;
  /** The results that are there are of this study before it was changed. */
  readonly changed: boolean;
  /** The folder of the results, as people read it. */
  readonly folder: string;
  /** What processes that compute it say of themselves, a line each. */
  readonly parts: readonly string[];
}

/** Extension host to the page of a study. */
export type StudyHostMessage =
  | { readonly type: 'state'; readonly state: StudyState }
  /** The report as a picture, base64; empty: there is none. */
  | { readonly type: 'report'; readonly png: string };

export const STUDY_ACTIONS = [
  'ready',
  'run',
  'cancel',
  'measure',
  'openText',
  'showMembers',
  'showResults',
  'showLog',
] as const;

/** The page of a study to the extension host: what a person pressed, or that the page stands. */
export interface StudyPageMessage {
  readonly type: (typeof STUDY_ACTIONS)[number];
}
