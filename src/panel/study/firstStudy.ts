import { DEFAULT_PARAMETERS, type MapParameters } from '../../map/specification.js';
import type { PanelSettings } from '../../protocol/page.js';

/** Of a study that nobody has a map for. */
const SMALL: MapParameters = { ...DEFAULT_PARAMETERS, grid: { ...DEFAULT_PARAMETERS.grid, columns: 12, rows: 12 } };

/** The text of a new study: what a panel shows, where one is open, at some layers and with some seeds. */
export function firstStudy(settings: Pick<PanelSettings, 'modelPath' | 'parameters'> | undefined): string {
  const { modelPath = null, parameters = SMALL } = settings ?? {};
  const { axes } = parameters.plane;
  return `${JSON.stringify(
    {
      format: 'embedding-study',
      version: 1,
      ...(modelPath === null ? {} : { model: modelPath }),
      base: changed(parameters),
      vary: ['layer=0-2', ...(axes.method === 'random_projection' ? ['seed=1-5'] : [])],
      plane: 'own',
    },
    undefined,
    2,
  )}\n`;
}

/** What differs from the defaults, so that the file says what it is about. */
function changed(parameters: MapParameters): object {
  const usual = new Map<string, unknown>(Object.entries(DEFAULT_PARAMETERS));
  return Object.fromEntries(
    Object.entries(parameters).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(usual.get(name))),
  );
}
