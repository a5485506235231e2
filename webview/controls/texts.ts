import { t } from '@vscode/l10n';
import { formatCount, formatPercent } from '../../src/map/numbers.js';
import type { Axes } from '../../src/map/specification.js';
import type { Survey } from '../../src/map/survey.js';
import { h } from '../dom.js';
import { send } from '../host.js';
import { createButton, createDropdown, createTextArea } from '../toolkit.js';
import { createField } from './field.js';
import type { Form } from './form.js';

/** Texts beyond this are shown as a count: a field is no editor. */
const MOST_CHARACTERS = 20_000;

/** The texts of the principal plane: one a line, typed or from a file. */
export function createTexts(form: Form): {
  readonly element: HTMLElement;
  update(axes: Extract<Axes, { method: 'pca_basis' }>, explained: Survey['explained']): void;
} {
  const area = createTextArea(t('Texts, one a line'), 5, (text) =>
    form.edit(
      'plane.axes.texts',
      text.split('\n').filter((line) => line.trim() !== ''),
    ),
  );
  const file = createButton(t('From a File…'), 'secondary', () =>
    send({ type: 'chooseFile', path: 'plane.axes.texts', content: 'table' }),
  );
  const positionsDropdown = createDropdown(t('Hidden states of each text'), (value) =>
    form.edit('plane.axes.positions', value),
  );
  const texts = createField(t('Texts'), area.element);
  const fromFile = createField('', file.element);
  fromFile.element.classList.add('indented');
  const positions = createField(t('States'), positionsDropdown.element);
  return {
    element: h('div', { class: 'source-field' }, texts.element, fromFile.element, positions.element),
    update(axes, explained) {
      const all = axes.texts.join('\n');
      const large = all.length > MOST_CHARACTERS;
      const fault = form.faultUnder('plane.axes.texts');
      area.update(large ? t('{0} texts', formatCount(axes.texts.length)) : all, {
        disabled: large,
        invalid: fault !== undefined,
      });
      texts.update(fault);
      positionsDropdown.update(
        [
          { value: 'last', label: t('Last position') },
          { value: 'all', label: t('All but the first') },
        ],
        axes.positions,
      );
      const [first, second] = explained?.ratio ?? [];
      positions.update(
        form.fault('plane.axes.positions'),
        first === undefined || second === undefined
          ? undefined
          : {
              text: t('x explains {0} of the variance, y {1}.', formatPercent(first), formatPercent(second)),
              kind: 'info',
            },
      );
    },
  };
}
