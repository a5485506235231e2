import { t } from '@vscode/l10n';
import { formatCount } from '../src/map/numbers.js';
import { h, setText, show } from './dom.js';

export interface ListRest {
  readonly element: HTMLElement;
  /** @param found how many there are, of which the first `most` have rows @param none what is said where there are none */
  update(found: number, most: number, none: string): void;
}

/** What stands below a list: how many more there are, or that there is nothing. */
export function createListRest(): ListRest {
  const element = h('p', { class: 'faint rest', hidden: true });
  return {
    element,
    update(found, most, none) {
      const more = found - most;
      setText(element, more > 0 ? t('and {0} more', formatCount(more)) : found === 0 ? none : '');
      show(element, more > 0 || found === 0);
    },
  };
}
