import { t } from '@vscode/l10n';
import { capital, layerWords, vectorWords } from '../../src/map/naming.js';
import { normsText } from '../../src/map/normsText.js';
import { formatFixed, formatShort } from '../../src/map/numbers.js';
import type { Center, Grid } from '../../src/map/specification.js';
import { fitSpacing } from '../../src/map/survey.js';
import { h, setText } from '../dom.js';
import { send } from '../host.js';
import type { Store } from '../store.js';
import { createButton, createDropdown } from '../toolkit.js';
import { createField } from './field.js';
import type { Form } from './form.js';
import { createGroup, type ControlGroup } from './group.js';
import { layerOf } from './layers.js';
import { createNumberField } from './numberField.js';
import { firstSource, kindOf, promptThere, SOURCE_KINDS, SOURCE_NAMES } from './sourceKinds.js';

/** How far a grid reaches from its middle: `x, y ±12.5`. */
function reachText({ columns, rows, spacing }: Grid): string {
  const reach = (count: number): string => formatFixed((count * spacing) / 2, 6).replace(/\.?0+$/, '');
  return columns === rows ? t('x, y ±{0}', reach(columns)) : t('x ±{0}, y ±{1}', reach(columns), reach(rows));
}

export function createCenterAndSpacing(store: Store, form: Form): ControlGroup {
  const x = createNumberField(t('Middle x'), (value, step) => form.edit('grid.center.0', value, step), { step: 1 });
  const y = createNumberField(t('Middle y'), (value, step) => form.edit('grid.center.1', value, step), { step: 1 });
  const comma = h('span', { class: 'between', 'aria-hidden': 'true' }, ',');
  const middle = createField(t('Middle'), x.element, comma, y.element);
  /** What each kind was last set to, so that trying another one loses nothing. */
  const last = new Map<string, Center>();
  const kind = createDropdown(t('Center'), (value) => {
    if (value === 'origin' || value === 'texts') return form.edit('plane.center', { kind: value });
    const source = SOURCE_KINDS.find((one) => one === value);
    const parameters = form.settings?.parameters;
    if (!source || !parameters) return;
    const there = source === 'prompt' ? promptThere(parameters) : undefined;
    const next = there ?? last.get(source) ?? firstSource(source, 'A', form.prompts);
    if (next) form.edit('plane.center', next);
    else {
      send({ type: 'chooseFile', path: 'plane.center', content: 'vector' });
      redraw(); // as it was, until a file is chosen
    }
  });
  let redraw = (): void => undefined;
  const center = createField(t('Center'), kind.element);
  const number = createNumberField(t('Spacing'), (value) => form.edit('grid.spacing', value));
  const reach = h('span', { class: 'beside' });
  let fitting: number | undefined;
  const fit = createButton(t('Fit'), 'secondary', () => {
    if (fitting !== undefined) form.edit('grid.spacing', fitting);
  });
  fit.element.classList.add('small-button');
  const spacing = createField(t('Spacing'), number.element, fit.element, reach);
  const group = createGroup('center', t('Center & Spacing'), store, center.element, middle.element, spacing.element);
  return {
    element: group.element,
    update(host, state) {
      const { settings, model } = host;
      const { grid, plane } = settings.parameters;
      const centerKind =
        plane.center.kind === 'origin' || plane.center.kind === 'texts' ? plane.center.kind : kindOf(plane.center);
      last.set(centerKind, plane.center);
      redraw = () => {
        kind.update(
          [
            { value: 'origin', label: t('Origin') },
            ...SOURCE_KINDS.filter((one) => one !== 'random').map((one) => ({
              value: one,
              label: one === 'prompt' ? t('Prompt A') : SOURCE_NAMES[one],
            })),
            ...(plane.axes.method === 'pca_basis' || centerKind === 'texts'
              ? [{ value: 'texts', label: t('Mean of the Texts') }]
              : []),
          ],
          centerKind,
        );
      };
      redraw();
      group.update({
        disabled: model.status === 'none',
        summary: `${capital(vectorWords(plane.center, 16))}, ${formatShort(grid.spacing)}`,
      });
      const faults = [form.fault('grid.center.0'), form.fault('grid.center.1')];
      x.update(grid.center[0], { disabled: false, invalid: faults[0] !== undefined });
      y.update(grid.center[1], { disabled: false, invalid: faults[1] !== undefined });
      center.update(form.fault('plane.center'));
      middle.update(faults.find((fault) => fault !== undefined));
      const fault = form.fault('grid.spacing');
      number.update(grid.spacing, { disabled: false, invalid: fault !== undefined });
      const { news } = state;
      const survey = news?.survey ?? null;
      const layer = layerOf(host);
      const norms = survey && normsText(survey, grid, layerWords(layer));
      const unknown =
        model.status === 'ready'
          ? ({ text: t('Norms of {0} are not known yet', layerWords(layer)), kind: 'info' } as const)
          : undefined;
      spacing.update(fault, norms ?? (news?.fault ? undefined : unknown));
      fitting = survey ? fitSpacing(grid, survey) : undefined;
      fit.update({
        disabled: fitting === undefined,
        title:
          fitting === undefined
            ? t('The layer’s typical norm is not known')
            : t(
                'Set the spacing to {0}: what the plane was laid through in the middle half, or the typical norm at its edge',
                formatShort(fitting),
              ),
      });
      setText(reach, reachText(grid));
    },
  };
}
