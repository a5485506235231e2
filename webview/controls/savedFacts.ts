import { safeText } from '../../src/map/display.js';
import { formatCount, formatDuration, formatShort } from '../../src/map/numbers.js';
import { h } from '../dom.js';
import { centerText } from './centerAndSpacing.js';
import { contextText } from './context.js';
import type { ControlGroup } from './controls.js';
import { READOUTS } from './layerAndReadout.js';
import { axesText } from './plane.js';
import { sourceText } from './sourceKinds.js';

/** What a saved map was made with: the read-only counterpart of the form. */
export function createSavedFacts(): ControlGroup {
  const element = h('div', { class: 'saved-facts' });
  let shown: unknown;
  return {
    element,
    update(_host, { map }) {
      if (!map || shown === map) return;
      shown = map;
      const { specification, facts, finish } = map;
      const { grid, model, layer, readout, context, plane, topK } = specification;
      const { approximation } = finish?.runtime ?? {};
      const filled = approximation ? `, ${formatCount(approximation.filled)} filled in` : '';
      const sections: [string, [string, string][]][] = [
        [
          'Model',
          [
            ['Name', safeText(model.name)],
            ['File', safeText(model.file)],
            [
              'Size',
              `${facts.blocks} layers · ${formatCount(facts.hiddenSize)} dimensions · ${formatCount(facts.vocabularySize)} tokens`,
            ],
            ['Weights', `${facts.numberType} · ${model.sha256.slice(0, 12)}`],
          ],
        ],
        [
          'Layer & Readout',
          [
            ['Layer', layer === 'embeddings' ? 'Embeddings' : `${layer} of 0–${facts.blocks - 1}`],
            ['Readout', READOUTS.find((one) => one.value === readout)?.label ?? readout],
            ['Context', contextText(context)],
          ],
        ],
        [
          'Plane',
          [
            ['Method', axesText(plane.axes)],
            ['Center', sourceText(plane.center, 80)],
            ['Middle', centerText(grid)],
            ['Spacing', formatShort(grid.spacing)],
            ['Cells', `${formatCount(grid.columns)} × ${formatCount(grid.rows)}${filled}`],
            ['Top tokens', String(topK)],
          ],
        ],
      ];
      if (finish) {
        const { finished, device, seconds, version, batchSize } = finish.runtime;
        const date = new Date(finished);
        sections.push([
          'Computed',
          [
            [
              'Date',
              Number.isNaN(date.getTime())
                ? safeText(finished)
                : date.toLocaleString('en-US', { dateStyle: 'medium', timeStyle: 'short' }),
            ],
            ['Device', `${safeText(device).toUpperCase()}, batch ${formatCount(batchSize)}`],
            ['Time', formatDuration(seconds)],
            ['Version', safeText(version)],
          ],
        ]);
      }
      element.replaceChildren(
        ...sections.map(([title, lines]) =>
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
