import { mapFacts } from '../../src/map/facts.js';
import type { MapInPage } from '../../src/map/pageFile/pageFile.js';
import { h, setText, show } from '../dom.js';
import type { PageMap } from '../pageMap.js';
import type { Store } from '../store.js';

/** How the map that a pane has was made, folded. @param named which map it is, where there are two */
export function createAbout(store: Store, inPage: (map: PageMap) => MapInPage | undefined, named = ''): HTMLElement {
  const title = h('summary', {});
  const body = h('div', {});
  const element = h('details', { class: 'about' }, title, body);
  setText(title, `How ${named || 'this map'} was made`);
  let shown: unknown;
  store.onDraw(({ base }) => {
    const map = base && inPage(base);
    show(element, Boolean(map));
    if (!map || map === shown) return;
    shown = map;
    const { specification, facts, runtime, survey, gram } = map;
    const known = { gram, norms: survey?.norms, explained: survey?.explained };
    body.replaceChildren(
      ...mapFacts({ specification, facts, runtime, known }).map((section) =>
        h(
          'section',
          { 'aria-label': section.title },
          h('h3', {}, section.title),
          h('dl', {}, ...section.lines.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])),
        ),
      ),
    );
  });
  return element;
}
