import { mapFacts } from '../../src/map/facts.js';
import { h } from '../dom.js';
import type { ControlGroup } from './group.js';

/** What a saved map was made with: the read-only counterpart of the form. */
export function createSavedFacts(): ControlGroup {
  const element = h('div', { class: 'saved-facts' });
  let shown: unknown;
  return {
    element,
    update(_host, { map }) {
      if (!map || shown === map) return;
      shown = map;
      const { specification, facts, finish, survey } = map;
      const known = { gram: survey?.gram ?? finish?.gram, norms: survey?.norms, explained: survey?.explained };
      element.replaceChildren(
        ...mapFacts({ specification, facts, runtime: finish?.runtime, known }).map(({ title, lines }) =>
          h(
            'section',
            { class: 'group', 'aria-label': title },
            h('h3', { class: 'group-title' }, title),
            h('dl', {}, ...lines.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])),
          ),
        ),
      );
    },
  };
}
