import { t } from '@vscode/l10n';
import { mapBrief, translatorFile } from '../map/naming.js';
import { axisName, memberAt, MODEL_PATH, onPlane, throughFile, valueAt, valueText } from '../map/series/series.js';
import type { MapSpecification } from '../map/specification.js';
import type { TokenMap } from '../map/tokenMap.js';
import type { Comparison, MapSettings, PanelSettings } from '../protocol/panelSettings.js';

type Computed = Extract<Comparison, { kind: 'computed' }>;

/** The settings with one thing otherwise. @throws Fault `bad-parameter` where there is no such thing in them. */
function otherwise({ modelPath, parameters, device, batchSize }: MapSettings, compare: Computed): MapSettings {
  const { path, value } = compare;
  const member = memberAt({ base: parameters, vary: [{ path, values: [value] }] }, 0);
  return { modelPath: member.model ?? modelPath, parameters: member.parameters, device, batchSize };
}

/**
 * What the other map of a comparison is computed with.
 * @param main the panel's map, once it is whole: its plane is the one that is shared. undefined: one has to wait for it.
 * @throws Fault `bad-parameter` where the settings have no such thing.
 */
export function otherSettings(
  settings: PanelSettings,
  compare: Computed,
  main: TokenMap | undefined,
): MapSettings | undefined {
  const other = otherwise(settings, compare);
  if (compare.plane === 'own') return other;
  return main && { ...other, parameters: onPlane(other.parameters, main.plane, mapBrief(main.specification)) };
}

/** The settings with both sides of a comparison exchanged. @throws Fault as {@link otherSettings}. */
export function swapped(settings: PanelSettings, compare: Computed): PanelSettings {
  const { path } = compare;
  const value = path === MODEL_PATH ? settings.modelPath : valueAt(settings.parameters, path);
  return { ...settings, ...otherwise(settings, compare), compare: { ...compare, value } };
}

/** What a map is compared with, in a few words: `layer 4`. @param other the other map, once it is there. */
export function comparedBrief(compare: Comparison, other: MapSpecification | undefined): string {
  if (compare.kind === 'saved') return t('saved map');
  const { path, value } = compare;
  if (path === MODEL_PATH) return other?.model.name ?? t('another model');
  if (path === 'context') return t('another context');
  if (path === 'interventions') return t('without interventions');
  const through = throughFile(path, value);
  return `${axisName(path)} ${through ? `${through.readout} ${translatorFile(through.file)}` : valueText(value)}`;
}
