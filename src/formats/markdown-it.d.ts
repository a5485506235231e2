/** As much of markdown-it as `reading.ts` uses. */
declare module 'markdown-it' {
  export interface Token {
    /** `paragraph_open`, `text`, ... */
    readonly type: string;
    readonly tag: string;
    /** 1: opens, -1: closes, 0: stands alone. */
    readonly nesting: 1 | 0 | -1;
    readonly content: string;
    readonly children: readonly Token[] | null;
    attrGet(name: string): string | null;
  }
  export default class MarkdownIt {
    constructor(preset: 'commonmark', options: { readonly html: boolean; readonly maxNesting: number });
    disable(rules: readonly string[]): this;
    parse(text: string, environment: object): readonly Token[];
  }
}
