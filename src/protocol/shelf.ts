import type { Listed, PanelSettings } from './panelSettings.js';

/** A panel's interventions in their order. Those that act are the parameters' own, whatever the list remembers of them. */
export function listedInterventions({
  parameters: { interventions },
  shelf,
}: Pick<PanelSettings, 'parameters' | 'shelf'>): readonly Listed[] {
  if (shelf.filter(({ on }) => on).length !== interventions.length)
    return interventions.map((intervention) => ({ on: true, intervention }));
  let acting = 0;
  return shelf.map((one) => (one.on ? { on: true, intervention: interventions[acting++] ?? one.intervention } : one));
}

/** Settings with another list: those of it that are on act. */
export const withInterventions = <S extends PanelSettings>(settings: S, list: readonly Listed[]): S => ({
  ...settings,
  parameters: {
    ...settings.parameters,
    interventions: list.filter(({ on }) => on).map(({ intervention }) => intervention),
  },
  // Only what is off has to be remembered.
  shelf: list.every(({ on }) => on) ? [] : list,
});
