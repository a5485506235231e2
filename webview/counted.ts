import { t } from '@vscode/l10n';
import { formatCount } from '../src/map/numbers.js';

// Things that are counted, in a language's own plural.

export const cellsWords = (n: number): string => (n === 1 ? t('1 cell') : t('{0} cells', formatCount(n)));
export const tokensWords = (n: number): string => (n === 1 ? t('1 token') : t('{0} tokens', formatCount(n)));
export const regionsWords = (n: number): string => (n === 1 ? t('1 region') : t('{0} regions', formatCount(n)));
export const exactRegionsWords = (n: number): string =>
  n === 1 ? t('1 exact region') : t('{0} exact regions', formatCount(n));
export const layersWords = (n: number): string => (n === 1 ? t('1 layer') : t('{0} layers', formatCount(n)));
