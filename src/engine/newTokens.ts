import type { Token } from '../map/token.js';
import type { Model } from './model/model.js';

/** Tokens of `ids` that are not in `sent` yet; they are put there. */
export function newTokens(ids: Int32Array, { tokenizer }: Model, sent = new Set<number>()): Token[] {
  const tokens: Token[] = [];
  for (const id of ids) {
    if (sent.has(id)) continue;
    sent.add(id);
    tokens.push(tokenizer.token(id));
  }
  return tokens;
}
