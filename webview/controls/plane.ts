import { t } from '@vscode/l10n';
import { axesBrief, capital, leadsToState } from '../../src/map/naming.js';
import type { OwnAxes } from '../../src/map/plane.js';
import { SAMPLE_TEXTS } from '../../src/map/presets.js';
import {
  type Axes,
  type AxisLengths,
  type Direction,
  LIMITS,
  type PlaneParameters,
} from '../../src/map/specification.js';
import { h, iconButton, show } from '../dom.js';
import { send } from '../host.js';
import type { Store } from '../store.js';
import { createCheckbox, createDropdown } from '../toolkit.js';
import { createField } from './field.js';
import type { Form } from './form.js';
import { createGroup, type ControlGroup } from './group.js';
import { createNumberField, type NumberField } from './numberField.js';
import { createSourceField } from './sourceField.js';
import { translatorProblem } from './layerAndReadout.js';
import { firstSource, promptThere, SOURCE_KINDS } from './sourceKinds.js';
import { createTexts } from './texts.js';
import { toldFault, vectorProblem } from './tokenProblem.js';

/** The methods as they are chosen: directions by what leads to them. */
const METHODS = [
  ['prompts', t('Toward prompts')],
  ['tokens', t('Toward tokens')],
  ['files', t('Vectors from files')],
  ['pca_basis', t('Principal plane (PCA)')],
  ['random_projection', t('Random projection')],
  ['direct', t('Direct (two dimensions)')],
  ['replicated', t('Replicated (even, odd)')],
] as const;
type MethodChoice = (typeof METHODS)[number][0] | 'mixed';

const familyOf = (direction: Direction): 'prompts' | 'tokens' | 'files' | undefined =>
  direction.kind === 'random'
    ? undefined
    : direction.kind === 'row'
      ? 'tokens'
      : direction.kind === 'vector'
        ? 'files'
        : 'prompts';

/** Which of the methods a plane has; `mixed`: its two directions are of different kinds. */
function methodOf(axes: Axes): MethodChoice {
  if (axes.method !== 'directions') return axes.method;
  const [x, y] = [familyOf(axes.x), familyOf(axes.y)];
  return x === y || y === undefined ? (x ?? 'files') : x === undefined ? y : 'mixed';
}

/** Rows of tokens are as long as training left them, whatever hidden states are: toward them, a step is a typical norm. */
const lengthsFor = (method: MethodChoice, now: AxisLengths): AxisLengths =>
  method === 'tokens' ? 'typical' : method === 'prompts' ? 'own' : now;

/** What stands beside an axis' field. */
const axisLabel = (axis: 'x' | 'y', direction: Direction, { lengths, orthogonal }: PlaneParameters): string =>
  leadsToState(direction) && lengths === 'own' && !(orthogonal && axis === 'y') ? `${axis} = 1` : t('{0} along', axis);

export function createPlane(store: Store, form: Form): ControlGroup {
  type Own = OwnAxes['method'] | 'pca_basis';
  /** What each method was last set to, so that trying another one loses nothing. */
  const last: { [M in Own]: Extract<Axes, { method: M }> } = {
    random_projection: { method: 'random_projection', seed: 42 },
    direct: { method: 'direct', dimensions: [0, 1] },
    replicated: { method: 'replicated' },
    pca_basis: { method: 'pca_basis', texts: SAMPLE_TEXTS, positions: 'last' },
  };
  const lastDirections = new Map<MethodChoice, Extract<Axes, { method: 'directions' }>>();
  const axesFor = (method: MethodChoice): Axes => {
    if (method !== 'prompts' && method !== 'tokens' && method !== 'files' && method !== 'mixed') return last[method];
    const kind = method === 'prompts' ? 'prompt' : method === 'tokens' ? 'unembedding' : 'random';
    const known = lastDirections.get(method);
    const [x, y] = [firstSource(kind, 'B', form.prompts), firstSource(kind, 'C', form.prompts)];
    return (
      known ?? { method: 'directions', x: x ?? { kind: 'random', seed: 42 }, y: y ?? { kind: 'random', seed: 43 } }
    );
  };
  const dropdown = createDropdown(t('Method'), (value) => {
    const parameters = form.settings?.parameters;
    const method = METHODS.find(([one]) => one === value)?.[0];
    if (!parameters || !method) return;
    const { plane } = parameters;
    const axes = axesFor(method);
    const asksForFile = method === 'files' && !lastDirections.has('files');
    const { center } = plane;
    const fits = center.kind === 'texts' ? method === 'pca_basis' : !(center.kind === 'origin' && method === 'prompts');
    const other =
      method === 'prompts'
        ? (promptThere(parameters) ?? firstSource('prompt', 'A', form.prompts) ?? center)
        : ({ kind: 'origin' } as const);
    form.edit('plane', {
      ...plane,
      axes,
      lengths: lengthsFor(method, plane.lengths),
      center: method === 'pca_basis' && center.kind === 'origin' ? { kind: 'texts' } : fits ? center : other,
    });
    if (asksForFile) send({ type: 'chooseFile', path: 'plane.axes.x', content: 'vector' });
  });
  const method = createField(t('Method'), dropdown.element);

  const editSeed = (seed: number, step: boolean): void => form.edit('plane.axes.seed', seed, step);
  const seedNumber = createNumberField(t('Seed'), editSeed, { step: 1, low: 0, high: LIMITS.seed });
  const another = iconButton('refresh', t('Another Seed'), () =>
    editSeed(crypto.getRandomValues(new Uint16Array(1))[0] ?? 0, false),
  );
  const seed = createField(t('Seed'), seedNumber.element, another);

  const dimension = (i: 0 | 1): NumberField =>
    createNumberField(
      t('Dimension of {0}', i === 0 ? 'x' : 'y'),
      (value, step) => form.edit(`plane.axes.dimensions.${i}`, value, step),
      { step: 1, low: 0 },
    );
  const first = dimension(0);
  const second = dimension(1);
  const dimensions = createField(
    t('Dimensions'),
    first.element,
    h('span', { class: 'between', 'aria-hidden': 'true' }, '×'),
    second.element,
  );

  const centerKinds = SOURCE_KINDS.filter((kind) => kind !== 'random');
  const a = createSourceField('A', 'plane.center', centerKinds, form);
  const b = createSourceField('B', 'plane.axes.x', SOURCE_KINDS, form);
  const c = createSourceField('C', 'plane.axes.y', SOURCE_KINDS, form);
  const texts = createTexts(form);

  const lengthsDropdown = createDropdown(t('Axis lengths'), (value) => form.edit('plane.lengths', value));
  const lengths = createField(t('Lengths'), lengthsDropdown.element);
  const orthogonal = createCheckbox(t('Orthogonal axes'), (checked) => form.edit('plane.orthogonal', checked));
  const orthogonalField = createField('', orthogonal.element);
  orthogonalField.element.classList.add('indented');
  const group = createGroup(
    'plane',
    t('Plane'),
    store,
    method.element,
    a.element,
    b.element,
    c.element,
    texts.element,
    seed.element,
    dimensions.element,
    lengths.element,
    orthogonalField.element,
  );
  return {
    element: group.element,
    update({ settings, model }, state) {
      const { prompts: read } = state;
      const chat = model.status === 'ready' && model.summary.contexts.chat?.ok === true;
      const { plane } = settings.parameters;
      const { axes, center } = plane;
      if (axes.method === 'random_projection') last.random_projection = axes;
      else if (axes.method === 'direct') last.direct = axes;
      else if (axes.method === 'pca_basis') last.pca_basis = axes;
      else if (axes.method === 'directions') lastDirections.set(methodOf(axes), axes);
      group.update({
        disabled: model.status === 'none',
        summary: capital(axesBrief(axes)),
      });
      const chosen = methodOf(axes);
      dropdown.update(
        [
          ...METHODS.map(([value, label]) => ({ value, label })),
          ...(chosen === 'mixed' ? [{ value: chosen, label: t('Mixed directions') }] : []),
        ],
        chosen,
      );
      const problem = state.news?.fault;
      const told = toldFault(state);
      const sources = [center, ...(axes.method === 'directions' ? [axes.x, axes.y] : [])];
      const elsewhere =
        sources.some((source) => vectorProblem(problem, source) !== undefined) ||
        translatorProblem(settings.parameters, problem) !== undefined;
      method.update(form.fault('plane.axes') ?? form.fault('plane') ?? (elsewhere ? undefined : problem?.message));
      const directions = axes.method === 'directions';
      show(a.element, center.kind !== 'origin' && center.kind !== 'texts');
      if (center.kind !== 'origin' && center.kind !== 'texts')
        a.update(center, t('Center'), { problem: vectorProblem(told, center), read, chat });
      show(b.element, directions);
      show(c.element, directions);
      if (axes.method === 'directions') {
        b.update(axes.x, axisLabel('x', axes.x, plane), { problem: vectorProblem(told, axes.x), read, chat });
        c.update(axes.y, axisLabel('y', axes.y, plane), { problem: vectorProblem(told, axes.y), read, chat });
      }
      show(texts.element, axes.method === 'pca_basis');
      if (axes.method === 'pca_basis') texts.update(axes, state.news?.survey?.explained ?? null);
      show(seed.element, axes.method === 'random_projection');
      show(dimensions.element, axes.method === 'direct');
      const seedFault = form.fault('plane.axes.seed');
      seedNumber.update(last.random_projection.seed, { disabled: false, invalid: seedFault !== undefined });
      seed.update(seedFault);
      const faults = [form.fault('plane.axes.dimensions.0'), form.fault('plane.axes.dimensions.1')];
      first.update(last.direct.dimensions[0], { disabled: false, invalid: faults[0] !== undefined });
      second.update(last.direct.dimensions[1], { disabled: false, invalid: faults[1] !== undefined });
      dimensions.update(faults.find((fault) => fault !== undefined));
      lengthsDropdown.update(
        [
          { value: 'own', label: axes.method === 'random_projection' ? t('Length 1 (own)') : t('As they are') },
          { value: 'unit', label: t('Length 1') },
          { value: 'typical', label: t('Typical norm') },
        ],
        plane.lengths,
      );
      lengths.update(form.fault('plane.lengths'));
      show(orthogonalField.element, directions || axes.method === 'random_projection');
      orthogonal.update(plane.orthogonal);
      orthogonalField.update(form.fault('plane.orthogonal'));
    },
  };
}
