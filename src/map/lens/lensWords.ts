import { t } from '@vscode/l10n';
import { tokenText } from '../display.js';
import { layerBrief, layerWords, promptWords, READOUT_NAMES, translatorFile } from '../naming.js';
import { formatCount } from '../numbers.js';
import { isTranslated, type Prompt } from '../specification.js';
import { lensCells, type LensTable } from './lensTable.js';

/** What a lens is called: `Logit lens of “The sea”`. A safe line. */
export function lensName({ parameters: { readout, context } }: LensTable, limit = 60): string {
  const prompt = promptOf(context);
  return prompt ? t('{0} of {1}', READOUT_NAMES[readout], promptWords(prompt, limit)) : READOUT_NAMES[readout];
}

/** What a lens is called among several: `Tuned lens, my_lens/params.pt`. A safe line. */
export function readoutName({ readout, translator }: Pick<LensTable['parameters'], 'readout' | 'translator'>): string {
  return translator && isTranslated(readout)
    ? `${READOUT_NAMES[readout]}, ${translatorFile(translator.path)}`
    : READOUT_NAMES[readout];
}

/** What lenses beside each other are called: `Logit lens and Tuned lens of “The sea”`. A safe line. */
export function lensesName(lenses: readonly LensTable[], limit = 60): string {
  const [first, ...more] = lenses;
  if (!first || more.length === 0) return first ? lensName(first, limit) : '';
  const names = lenses.map(({ parameters: { readout } }) => READOUT_NAMES[readout]);
  const prompt = promptOf(first.parameters.context);
  const all = t('{0} and {1}', names.slice(0, -1).join(', '), names.at(-1) ?? '');
  return prompt ? t('{0} of {1}', all, promptWords(prompt, limit)) : all;
}

/** All of a prompt is read, whichever position it names. */
function promptOf(context: LensTable['parameters']['context']): Prompt | undefined {
  if (context.kind === 'prompt') return { kind: 'prompt', text: context.text };
  return context.kind === 'tokens' ? { kind: 'tokens', ids: context.ids } : undefined;
}

/**
 * From which layer on the token that is followed, else what the last layer says, is first at a position: `“␣Paris” is first at
 * position 5 from layer 24 on`. A safe line.
 */
export function entryWords(table: LensTable, position: number): string {
  const { layers, named } = table;
  const at = lensCells(table);
  const winners = layers.map((_, row) => at(row, position).top[0]?.token);
  const followed = named?.token ?? winners.at(-1);
  if (!followed || layers.length === 1) return '';
  const token = `“${tokenText(followed)}”`;
  const where = t('at position {0}', formatCount(position));
  const enters = winners.findLastIndex((winner) => winner?.id !== followed.id) + 1;
  const from = layers[enters];
  if (from !== undefined)
    return enters === 0
      ? t('{0} is first {1} at every layer', token, where)
      : t('{0} is first {1} from {2} on', token, where, layerBrief(from));
  const ranks = layers.map((_, row) => at(row, position).named?.rank ?? Infinity);
  const best = ranks.reduce((least, rank) => Math.min(least, rank), Infinity);
  const there = layers[ranks.indexOf(best)];
  if (there === undefined || best === Infinity) return '';
  const last = ranks.at(-1);
  return best === 1
    ? t(
        '{0} is first {1} after {2}, but not at the last layer (rank {3})',
        token,
        where,
        layerWords(there),
        formatCount(last ?? 0),
      )
    : t('{0} is at best number {1} {2}, after {3}', token, formatCount(best), where, layerWords(there));
}
