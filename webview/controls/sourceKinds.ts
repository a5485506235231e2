import { t } from '@vscode/l10n';
import {
  type Center,
  contextOf,
  type Direction,
  type MapParameters,
  type Prompt,
  type TokenName,
} from '../../src/map/specification.js';

/** What a vector can be, as people choose it. */
export const SOURCE_KINDS = ['prompt', 'tokens', 'mean', 'unembedding', 'embedding', 'vector', 'random'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

export const SOURCE_NAMES: Readonly<Record<SourceKind, string>> = {
  prompt: t('Prompt'),
  tokens: t('Token Ids'),
  mean: t('Mean of Prompts'),
  unembedding: t('Token’s Unembedding'),
  embedding: t('Token’s Embedding'),
  vector: t('Vector from a File…'),
  random: t('Random Direction'),
};

/** A vector that is chosen by what it means. */
export type Source = Exclude<Center | Direction, { kind: 'origin' } | { kind: 'texts' }>;

export const kindOf = (source: Source): SourceKind => (source.kind === 'row' ? source.matrix : source.kind);

export type Badge = 'A' | 'B' | 'C';

/** What a kind begins with; undefined where a file has to be chosen first. @param prompts to begin with */
export function firstSource(
  kind: SourceKind,
  badge: Badge,
  prompts: Readonly<Record<Badge, string>>,
): Exclude<Source, { kind: 'vector' }> | undefined {
  switch (kind) {
    case 'prompt':
      return { kind, text: prompts[badge] };
    case 'tokens':
      return { kind, ids: [0] };
    case 'mean':
      return { kind, prompts: Object.values(prompts).map((text) => ({ kind: 'prompt', text })) };
    case 'unembedding':
    case 'embedding':
      return { kind: 'row', matrix: kind, token: { A: ' the', B: ' sea', C: ' house' }[badge] };
    case 'random':
      return { kind, seed: { A: 42, B: 42, C: 43 }[badge] };
    case 'vector':
      return undefined;
  }
}

/** The prompt that is there already, as the context: what a center begins with that becomes one. */
export function promptThere(parameters: MapParameters): Prompt | undefined {
  const context = contextOf(parameters);
  return context.kind === 'prompt' ? context : undefined;
}

/** A token as it is typed: its text, or `#123`. */
export const tokenInput = (token: TokenName): string => (typeof token === 'number' ? `#${token}` : token);
export const readToken = (text: string): TokenName => (/^#\d+$/.test(text) ? Number(text.slice(1)) : text);
