import { mapFacts } from '../../src/map/facts.js';
import type { PageFile } from '../../src/map/pageFile/pageFile.js';
import { h } from '../dom.js';

/** How the map was made, folded. */
export function createAbout({ map }: PageFile): HTMLElement {
  const { specification, facts, runtime, survey, gram } = map;
  const known = { gram, norms: survey?.norms, explained: survey?.explained };
  return h(
    'details',
    { class: 'about' },
    h('summary', {}, 'How this map was made'),
    ...mapFacts({ specification, facts, runtime, known }).map(({ title, lines }) =>
      h(
        'section',
        { 'aria-label': title },
        h('h3', {}, title),
        h('dl', {}, ...lines.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])),
      ),
    ),
  );
}
