/**
 * A token of the vocabulary as text. `text`: it decodes to text on its own (shown as is, never trimmed). `special`: a control
 * token such as `<|endoftext|>`. `bytes`: a part of a UTF-8 sequence, text is `0xE2 0x80`. `unknown`: the tokenizer has no
 * entry, text is `#123`. The text is untrusted: it may hold markup, control characters or direction marks.
 */
export interface Token {
  readonly id: number;
  readonly kind: 'text' | 'special' | 'bytes' | 'unknown';
  readonly text: string;
}
