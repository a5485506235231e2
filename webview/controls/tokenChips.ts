import { t } from '@vscode/l10n';
import { tokenText } from '../../src/map/display.js';
import { formatCount } from '../../src/map/numbers.js';
import type { Token } from '../../src/map/token.js';
import { h, setText, show } from '../dom.js';

/** More tokens than these are counted, not shown. */
const MOST = 200;

export interface TokenChips {
  readonly element: HTMLElement;
  /** @param position of the token that is chosen, from 0, or from the end: -1 is the last. */
  update(tokens: readonly Token[], position: number): void;
}

/**
 * A prompt's tokens as the model reads them, in their order: a click chooses a position, pointing at one tells its id. Arrows move
 * between them.
 * @param label what choosing one means
 * @param choose hears of a position from 0, or of -1 for the last
 */
export function createTokenChips(label: string, choose: (position: number) => void): TokenChips {
  const list = h('div', { class: 'token-chips', role: 'radiogroup', 'aria-label': label });
  const more = h('span', { class: 'beside' });
  const element = h('div', { class: 'token-chips-holder', hidden: true }, list, more);
  const chips = (): HTMLElement[] => [...list.querySelectorAll<HTMLElement>('button')];
  let shown = '';
  list.addEventListener('keydown', (event) => {
    const all = chips();
    const at = all.findIndex((chip) => chip === document.activeElement);
    const to = {
      ArrowRight: at + 1,
      ArrowDown: at + 1,
      ArrowLeft: at - 1,
      ArrowUp: at - 1,
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    all[Math.min(Math.max(to, 0), all.length - 1)]?.focus();
  });
  return {
    element,
    update(tokens, position) {
      const at = position < 0 ? tokens.length + position : position;
      const key = JSON.stringify([tokens.map(({ id }) => id), at]);
      show(element, tokens.length > 0);
      if (key === shown) return;
      shown = key;
      const focused = chips().findIndex((chip) => chip === document.activeElement);
      const last = tokens.length - 1;
      list.replaceChildren(
        ...tokens.slice(0, MOST).map((token, i) => {
          const chip = h(
            'button',
            {
              type: 'button',
              class: 'token-chip',
              role: 'radio',
              'aria-checked': String(i === at),
              tabindex: i === at || (i === 0 && at >= MOST) ? 0 : -1,
              title: t('Token {0}, position {1} of 0 to {2}', token.id, i, last),
            },
            tokenText(token),
          );
          chip.addEventListener('click', () => choose(i === last ? -1 : i));
          return chip;
        }),
      );
      if (focused >= 0) chips()[focused]?.focus();
      // Of many, the chosen one is in sight; what scrolls around the list stays.
      const chosen = chips()[at];
      if (chosen) list.scrollTop = chosen.offsetTop + chosen.offsetHeight - list.clientHeight;
      setText(more, tokens.length > MOST ? t('and {0} more', formatCount(tokens.length - MOST)) : '');
    },
  };
}
