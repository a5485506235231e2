import { t } from '@vscode/l10n';
import { safeText } from '../../src/map/display.js';
import { capital, contextBrief, layerBrief, READOUT_NAMES, translatorFile } from '../../src/map/naming.js';
import { axisName, type AxisValue, MODEL_PATH, throughFile, valueAt, valueText } from '../../src/map/series/series.js';
import { interventionWords } from '../../src/map/interventionWords.js';
import {
  checkParameters,
  type ContextChoice,
  contextOf,
  isTranslated,
  layerIndex,
  type Layer,
  type Readout,
  READOUTS,
} from '../../src/map/specification.js';
import { type HostState, leadsTo } from '../../src/protocol/page.js';
import type { Comparison } from '../../src/protocol/panelSettings.js';
import { lastLayer, layerOf } from '../controls/layers.js';
import type { Option } from '../toolkit.js';

type Computed = Extract<Comparison, { kind: 'computed' }>;

/** Something that a map can be compared with. */
export interface Choice {
  readonly label: string;
  readonly icon: string;
  /** What is seen then. */
  readonly description: string;
  /** Why not, at the moment. */
  readonly reason?: string;
  /** `saved`: a saved map, which is chosen first; `layers`: itself, at all layers; `lens`: a prompt, at all of them and all positions; `profile`: along a line. */
  readonly compare: Comparison | 'saved' | 'layers' | 'lens' | 'profile';
}

const own = (path: string, value: AxisValue): Computed => ({ kind: 'computed', path, value, plane: 'own' });

/** What a map can be compared with: each differs from it in one thing, which is chosen more closely at the other map. */
export function choicesOf(host: HostState): Choice[] {
  const saved: Choice = {
    label: host.mode === 'saved' ? t('Another Saved Map…') : t('Saved Map…'),
    icon: 'symbol-color',
    description: t('A map of a file beside this one'),
    compare: 'saved',
  };
  if (host.mode === 'saved') return [saved];
  const { parameters } = host.settings;
  const last = lastLayer(host);
  const at = layerIndex(layerOf(host));
  // A translator is told best by what it adds to the logit lens.
  const readout: Readout = parameters.readout === 'lens' || parameters.readout === 'unembed' ? 'forward' : 'lens';
  const context: ContextChoice =
    contextOf(parameters).kind === 'none' ? { kind: host.model.status === 'ready' ? 'bos' : 'none' } : { kind: 'none' };
  const { axes } = parameters.plane;
  const acting = parameters.interventions.length > 0;
  const model = modelOptions(host).find(({ value, reason }) => value !== host.settings.modelPath && !reason);
  return [
    {
      label: t('Another Layer'),
      icon: 'layers',
      description: t('Two maps beside each other, and what changes'),
      compare: own('layer', at > 0 ? at - 1 : last > at ? at + 1 : 'embeddings'),
    },
    {
      label: t('All Layers'),
      icon: 'list-ordered',
      description: t('This map at every layer, to step through'),
      compare: 'layers',
    },
    {
      label: t('Layers × Positions'),
      icon: 'table',
      description: t('What a prompt says at every layer and position'),
      compare: 'lens',
    },
    {
      label: t('Profile Along a Line'),
      icon: 'graph-line',
      description: t('Probabilities along a line on this map'),
      compare: 'profile',
    },
    {
      label: t('Another Readout'),
      icon: 'eye',
      description: t('The same plane, read by a lens or by the model'),
      compare: own('readout', readout),
    },
    {
      label: t('Another Context'),
      icon: 'quote',
      description: t('The same plane behind other text, or none'),
      compare: own('context', { ...context }),
    },
    {
      label: t('Another Model or Export'),
      icon: 'package',
      description: t('The same parameters, in another model'),
      ...(model ? {} : { reason: t('There is no other model that can be opened.') }),
      compare: own(MODEL_PATH, model?.value ?? null),
    },
    ...(acting
      ? [
          {
            label: t('Without Interventions'),
            icon: 'wand',
            description: t('The model as it is, beside the changed one'),
            compare: own('interventions', []),
          },
        ]
      : []),
    ...(axes.method === 'random_projection'
      ? [
          {
            label: t('Another Seed'),
            icon: 'refresh',
            description: t('Another random plane of the same kind'),
            compare: own('plane.axes.seed', axes.seed + 1),
          },
        ]
      : []),
    saved,
  ];
}

/** What stands in the settings where a comparison differs. */
export function mainValue({ settings, ...host }: HostState, path: string): AxisValue {
  if (path === MODEL_PATH) return settings.modelPath;
  if (path === 'layer') return layerOf({ ...host, settings });
  if (path === 'context') return { ...contextOf(settings.parameters) };
  return valueAt(settings.parameters, path);
}

/** What can be chosen on a side of a comparison, as JSON; the value that is there, if nothing else. */
export function sideOptions(host: HostState, path: string, value: AxisValue): Option[] {
  const here = { value: JSON.stringify(value), label: nameOf(host, path, value) };
  const listed = optionsOf(host, path);
  return listed.some((option) => option.value === here.value) ? listed : [here, ...listed];
}

function optionsOf(host: HostState, path: string): Option[] {
  const option = (value: AxisValue, reason?: string): Option => ({
    value: JSON.stringify(value),
    label: nameOf(host, path, value),
    ...(reason === undefined ? {} : { reason }),
  });
  switch (path) {
    case 'layer':
      return Array.from({ length: lastLayer(host) + 2 }, (_, i) => option(i === 0 ? 'embeddings' : i - 1));
    case 'readout':
      return READOUTS.map((readout) => {
        const support = host.model.status === 'ready' ? host.model.summary.readouts[readout] : undefined;
        return option(readout, support?.ok === false ? support.reason : undefined);
      });
    case 'context':
      return (['none', 'bos'] as const).map((kind) => option({ kind }));
    case MODEL_PATH:
      return modelOptions(host).map(({ value, ...rest }) => ({ ...rest, value: JSON.stringify(value) }));
    default:
      return [];
  }
}

const modelOptions = ({ models, settings }: HostState): Option[] =>
  models.map((model) => {
    const { path, name, place, problem } = model;
    const own = leadsTo(model, settings.modelPath) ? settings.modelPath : null;
    return {
      value: own ?? path,
      // Exports of one model may have one name.
      label: models.some((other) => other.name === name && other.path !== path)
        ? `${safeText(name, 30)} · ${safeText(place, 60)}`
        : safeText(name),
      ...(problem === undefined || own !== null ? {} : { reason: problem }),
    };
  });

/** What a side of a comparison is called: `Layer 15`. */
export function nameOf(host: HostState, path: string, value: AxisValue): string {
  if (path === 'layer' && (typeof value === 'number' || value === 'embeddings'))
    return capital(layerBrief(value satisfies Layer));
  if (path === 'layer') return capital(layerBrief(lastLayer(host)));
  const through = throughFile(path, value);
  if (through) return `${READOUT_NAMES[through.readout]}, ${translatorFile(through.file)}`;
  const readout = READOUTS.find((one) => path === 'readout' && one === value);
  // Which file it goes through is asked for.
  if (readout) return `${READOUT_NAMES[readout]}${isTranslated(readout) ? '…' : ''}`;
  if (path === 'context') return t('Context: {0}', contextBrief(contextFrom(value) ?? { kind: 'none' }));
  if (path === 'interventions' && Array.isArray(value))
    return value.length === 0 ? t('Without Interventions') : interventionsName(host, value);
  if (path === MODEL_PATH)
    return safeText(
      host.models.find((model) => typeof value === 'string' && leadsTo(model, value))?.name ?? valueText(value),
      60,
    );
  return capital(safeText(`${axisName(path)} ${valueText(value)}`, 60));
}

/** What interventions do, where that is said in a line; else how many they are. */
function interventionsName({ settings }: HostState, value: AxisValue): string {
  const read = checkParameters({ ...settings.parameters, interventions: value });
  const all = 'faults' in read ? [] : read.parameters.interventions;
  const [only] = all;
  if (only && all.length === 1) return capital(interventionWords(only, 30));
  return t('{0} Interventions', all.length);
}

/** A context as it stands on an axis. */
function contextFrom(value: AxisValue) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { kind, text } = value as { readonly kind?: AxisValue; readonly text?: AxisValue };
  if (kind === 'none' || kind === 'bos') return { kind } as const;
  return typeof text === 'string' ? ({ kind: 'prompt', text } as const) : undefined;
}
