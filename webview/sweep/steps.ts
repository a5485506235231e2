import type { PageMap } from '../pageMap.js';
import type { PageState } from '../store.js';

/** The maps that a strip goes through: one of them is seen. A place is an index from 0. */
export interface Steps {
  /** Places that there are. A map may not have come yet. */
  readonly count: number;
  /** The place that is chosen. */
  readonly at: number;
  /** The maps that are there, in their order. */
  readonly maps: readonly PageMap[];
  readonly placeOf: (map: PageMap) => number;
  /** A place in words: `layer 3`. */
  readonly nameOf: (place: number) => string;
  /** The same below a picture: `3`. */
  readonly shortOf: (place: number) => string;
}

/** Where {@link Steps} come from, what they are called, and what a choice does. */
export interface Sequence {
  readonly words: {
    /** The strip: `All layers`. */
    readonly title: string;
    readonly play: string;
    readonly slider: string;
    readonly maps: string;
    /** What agreement is with: `as at the last layer`. */
    readonly curve: string;
    /** The same of a percentage of the cells. */
    readonly agreement: (percent: string) => string;
    /** Of a token that wins a cell on all maps. `own`: there A's state is put back where it comes from, so that it cannot be otherwise. */
    readonly everywhere: (token: string, own: boolean) => string;
  };
  /** undefined: there is nothing to go through. */
  readonly steps: (state: PageState) => Steps | undefined;
  readonly go: (place: number) => void;
  /** How it is closed, and what the button says; absent: it stays. */
  readonly close?: { readonly label: string; readonly run: () => void };
}
