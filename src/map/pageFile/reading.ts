/** What stands beside the maps of a page: a text that a person wrote, as data. Nothing of it is markup. */
export interface Reading {
  /** Of the page; null: the page is called after its maps. */
  readonly title: string | null;
  readonly blocks: readonly ReadingBlock[];
}

export type ReadingBlock =
  /** `level`: 2 ... 4, one more than that of the heading before at most. */
  | { readonly kind: 'heading'; readonly level: number; readonly text: ReadingText }
  | { readonly kind: 'paragraph'; readonly text: ReadingText }
  /** `first`: the number of the first item; null: they have none. */
  | { readonly kind: 'list'; readonly first: number | null; readonly items: readonly ReadingItem[] }
  | { readonly kind: 'quote'; readonly blocks: readonly ReadingBlock[] }
  | { readonly kind: 'code'; readonly code: string }
  | { readonly kind: 'rule' };

export interface ReadingItem {
  /** Of a task, whether it is done; null: it is none. */
  readonly done: boolean | null;
  readonly blocks: readonly ReadingBlock[];
}

/** Text and what is set off in it. */
export type ReadingText = readonly (
  | string
  | { readonly kind: 'strong' | 'emphasis'; readonly text: ReadingText }
  | { readonly kind: 'code'; readonly code: string }
  | { readonly kind: 'break' }
  /** `to`: an address of the web or of mail. */
  | { readonly kind: 'link'; readonly to: string; readonly text: ReadingText }
)[];
