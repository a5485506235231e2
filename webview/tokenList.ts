import { t } from '@vscode/l10n';
import { tokensOnMap } from '../src/map/statistics.js';
import type { PageMap } from './pageMap.js';

/** A line of the token table. */
export interface ListedToken {
  readonly id: number;
  /** Cells that it wins; a token of the exact regions may win none. */
  readonly cells: number;
  /** Part of the window that it wins, 0 ... 1: exact where the regions are, else of the computed cells. */
  readonly share: number;
  /** Mean probability over its cells; undefined without one. */
  readonly meanProbability: number | undefined;
}

/** The tokens that win somewhere on a map, largest share first: those of the exact regions where these are known. */
export function listTokens({ cells, finish }: PageMap): ListedToken[] {
  const sampled = tokensOnMap(cells);
  const regions = finish?.regions;
  if (!regions) return sampled;
  const byId = new Map(sampled.map((token) => [token.id, token]));
  return Array.from(regions.tokens, (id, i) => {
    const { cells: count = 0, meanProbability } = byId.get(id) ?? {};
    return { id, cells: count, share: regions.shares[i] ?? 0, meanProbability };
  });
}

/** How the tokens of a map were counted, in a sentence; `more` says why not exactly. */
export function countedHow({ cells, finish, specification }: PageMap, count: number): { text: string; more: string } {
  const wins = count === 1 ? t('1 token wins') : t('{0} tokens win', count.toLocaleString('en-US'));
  if (finish?.regions) {
    return {
      text: t('{0} somewhere in this window', wins),
      more: t(
        'Exact, not sampled: where each token wins was computed without a grid, and so are the borders that are drawn.',
      ),
    };
  }
  const text = t('{0} at the {1} cells', wins, (cells.columns * cells.rows).toLocaleString('en-US'));
  if (!finish) return { text: '', more: '' };
  const refused = finish.runtime.notices.find((notice) => notice.startsWith('There are no exact regions'));
  const why =
    refused ??
    (finish.runtime.way === 'three-rows'
      ? t('Borders are curves here: the model adds something behind its last norm.')
      : specification.readout === 'forward'
        ? t('Borders are curves here: blocks of the model run after this layer.')
        : t('This model’s last steps are not exactly affine, so that borders are known at the cells only.'));
  const drawn = t(
    'Between cells they are interpolated: drawn where both winners are equally probable, along the cells where that is not known.',
  );
  return { text, more: `${t('Sampled: smaller regions between the cells may be missing. {0}', why)} ${drawn}` };
}
