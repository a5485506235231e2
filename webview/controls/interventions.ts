import { t } from '@vscode/l10n';
import type { Intervention, InterventionPositions, InterventionVector } from '../../src/map/interventions.js';

import { SAMPLE_PROMPTS } from '../../src/map/presets.js';
import { checkParameters, LIMITS } from '../../src/map/specification.js';
import type { HostState } from '../../src/protocol/page.js';
import type { Listed } from '../../src/protocol/panelSettings.js';
import { h, show } from '../dom.js';
import { send } from '../host.js';
import { createMenuButton, type MenuItem } from '../menu.js';
import type { Store } from '../store.js';
import { createButton } from '../toolkit.js';
import { sendComparison } from '../compare/compareBar.js';
import { createField } from './field.js';
import type { Form } from './form.js';
import { createGroup, type ControlGroup } from './group.js';
import { createInterventionRow, type DropDetail, type InterventionRow } from './interventionRow.js';
import { noteOf, refusalOf } from './interventionReasons.js';

const KINDS: readonly {
  readonly label: string;
  readonly icon: string;
  readonly first: (block: number) => Intervention;
}[] = [
  {
    label: t('Set Attention to Zero'),
    icon: 'circle-slash',
    first: (block) => ({ kind: 'zero', block, part: 'attention' }),
  },
  { label: t('Set MLP to Zero'), icon: 'circle-slash', first: (block) => ({ kind: 'zero', block, part: 'mlp' }) },
  {
    label: t('Set Attention Heads to Zero'),
    icon: 'circle-slash',
    first: (block) => ({ kind: 'zero', block, part: 'heads', heads: [0] }),
  },
  {
    label: t('Set a Part to Its Mean'),
    icon: 'symbol-operator',
    first: (block) => ({ kind: 'mean', block, part: 'attention', texts: null }),
  },
  {
    label: t('Freeze a Part at Another Prompt'),
    icon: 'lock',
    first: (block) => ({
      kind: 'freeze',
      block,
      part: 'attention',
      prompt: { kind: 'prompt', text: SAMPLE_PROMPTS.B },
    }),
  },
  { label: t('Skip a Block'), icon: 'debug-step-over', first: (block) => ({ kind: 'skip', block }) },
  {
    label: t('Add a Vector'),
    icon: 'add',
    first: (block) => ({
      kind: 'add',
      block,
      vector: FIRST_VECTOR,
      coefficient: 1,
      positions: 'all' satisfies InterventionPositions,
    }),
  },
  {
    label: t('Take a Direction Out'),
    icon: 'remove',
    first: (block) => ({ kind: 'project', block, direction: FIRST_VECTOR }),
  },
];
const FIRST_VECTOR: InterventionVector = {
  kind: 'difference',
  from: [{ kind: 'prompt', text: SAMPLE_PROMPTS.A }],
  to: [{ kind: 'prompt', text: SAMPLE_PROMPTS.B }],
};

/** Changes of the model's computation: a row each, in the order in which they act. */
export function createInterventions(store: Store, form: Form): ControlGroup {
  let host: HostState | undefined;
  let rows: readonly InterventionRow[] = [];
  let shape = '';
  /** What is wrong with what was typed and not taken, by row. */
  const drafts = new Map<number, string>();
  /** As it is now, which may not have been drawn yet. */
  const list = (): readonly Listed[] => store.state.host?.interventions ?? [];

  const take = (next: readonly Listed[], step = false): void =>
    send({ type: 'interventions', list: next, ...(step ? { step } : {}) });
  const change = (index: number, listed: Listed, step = false): void => {
    const fault = host && faultOf(host, listed.intervention);
    if (fault === undefined) {
      drafts.delete(index);
      take(
        list().map((one, i) => (i === index ? listed : one)),
        step,
      );
    } else {
      drafts.set(index, fault);
      redraw();
    }
  };
  const move = (from: number, to: number): void => {
    const next = [...list()];
    const [one] = next.splice(from, 1);
    if (!one || to < 0 || to > next.length) return;
    next.splice(to, 0, one);
    drafts.clear();
    take(next);
    focusOn = to;
  };
  /** The row whose handle is to have the focus, once it is there. */
  let focusOn: number | undefined;
  const remove = (index: number): void => {
    drafts.clear();
    take(list().filter((_, i) => i !== index));
  };

  const holder = h('div', { class: 'intervention-rows', role: 'list' });
  holder.addEventListener('intervention-drop', (event) => {
    if (event instanceof CustomEvent) {
      const { from, to } = event.detail as DropDetail;
      move(from, to);
    }
  });
  const add = createMenuButton(
    t('Add Intervention'),
    () =>
      KINDS.map(({ label, icon, first }): MenuItem => ({
        label,
        icon,
        ...(list().length >= LIMITS.interventions ? { reason: t('There are as many as there can be.') } : {}),
        run: () => {
          const intervention = first(firstBlock(host));
          // Which heads is asked for first: none of them is meant yet.
          take([...list(), { on: !('part' in intervention && intervention.part === 'heads'), intervention }]);
        },
      })),
    'add',
  );
  const addField = createField(t('Add'), add.element);
  addField.element.classList.add('add-overlay');
  const compare = createButton(t('Compare With and Without'), 'secondary', () =>
    sendComparison({ kind: 'computed', path: 'interventions', value: [], plane: 'own' }),
  );
  const compareField = createField('', compare.element);
  const elsewhere = createField('');
  const group = createGroup(
    'interventions',
    t('Interventions'),
    store,
    holder,
    addField.element,
    compareField.element,
    elsewhere.element,
  );

  const redraw = (): void => {
    if (!host) return;
    const { model } = host;
    const summary = model.status === 'ready' ? model.summary : undefined;
    const refusal = refusalOf(host);
    let told = refusal === undefined;
    list().forEach((listed, i) => {
      const mine = refusal?.rows.includes(i) ? refusal.message : undefined;
      if (mine !== undefined) told = true;
      rows[i]?.update(listed, {
        last: (summary?.facts.blocks ?? 100_001) - 1,
        heads: summary?.attentionHeads,
        fault: drafts.get(i) ?? mine,
        note: host && noteOf(host, listed),
        place: host ? place(listed, i) : undefined,
      });
    });
    elsewhere.update(told ? undefined : refusal?.message);
    show(elsewhere.element, !told);
  };
  /** Where an intervention stands in the parameters; undefined while it is off. */
  const place = (listed: Listed, index: number): string | undefined =>
    listed.on
      ? `interventions.${
          list()
            .slice(0, index)
            .filter(({ on }) => on).length
        }`
      : undefined;

  return {
    element: group.element,
    update(now) {
      host = now;
      const { interventions: all, model } = now;
      const acting = all.filter(({ on }) => on).length;
      group.update({
        disabled: model.status === 'none',
        summary: all.length === 0 ? '' : acting === all.length ? `${acting}` : t('{0} of {1} on', acting, all.length),
      });
      const shapeNow = all.map(({ intervention }) => shapeOf(intervention)).join('/');
      if (shapeNow !== shape) {
        shape = shapeNow;
        rows = all.map((listed, i) =>
          createInterventionRow(i, listed.intervention, {
            change: (next, step) => change(i, next, step),
            move: (to) => move(i, to),
            remove: () => remove(i),
            current: () => list()[i],
          }),
        );
        holder.replaceChildren(...rows.map(({ element }) => element));
      }
      show(compareField.element, acting > 0 && now.compare === null);
      redraw();
      addField.update(form.fault('interventions'));
      if (focusOn !== undefined) rows[focusOn]?.focus();
      focusOn = undefined;
    },
  };
}

/** What decides which fields a row has. */
function shapeOf(one: Intervention): string {
  const vector = one.kind === 'add' ? one.vector.kind : one.kind === 'project' ? one.direction.kind : '';
  const part = 'part' in one ? (one.part === 'heads' ? 'heads' : 'part') : '';
  return [one.kind, vector, part].join();
}

/** Where an intervention begins that is added: at the first block, behind which most follows. */
function firstBlock(host: HostState | undefined): number {
  const layer = host?.settings.parameters.layer;
  return host?.settings.parameters.readout === 'forward' || typeof layer !== 'number' ? 0 : Math.min(layer, 0);
}

/** What would be wrong with an intervention. */
function faultOf({ settings, model }: HostState, intervention: Intervention): string | undefined {
  const checked = checkParameters({ ...settings.parameters, interventions: [intervention] });
  if ('faults' in checked) {
    const message = checked.faults[0]?.message ?? '';
    return `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
  }
  const last = model.status === 'ready' ? model.summary.facts.blocks - 1 : Infinity;
  return intervention.block > last ? t('The model’s blocks are 0 to {0}', last) : undefined;
}
