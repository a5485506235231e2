import { t } from '@vscode/l10n';
import type { SavedSet } from '../host/savedSets.js';
import { DEFAULT_PARAMETERS, parametersOf } from '../map/specification.js';
import type { TokenMap } from '../map/tokenMap.js';
import {
  type HostMessage,
  type PanelState,
  type ShownMap,
  type SlotName,
  type SlotState,
  stillSlot,
} from '../protocol/page.js';
import type { SavedMapDependencies } from './dependencies.js';
import { finishOf } from './mapRecord.js';
import { fewerTokens, pageTopK } from './pageCells.js';

/** What the page is told of an editor that shows what is saved, but for what that is and how it is drawn. */
export const stillPanel = ({
  colorScale,
}: Pick<SavedMapDependencies, 'colorScale'>): Omit<PanelState, 'display' | 'tokenColors'> => ({
  mode: 'saved',
  live: null,
  compare: null,
  sweep: null,
  lens: null,
  profile: null,
  sae: null,
  interventions: [],
  models: [],
  canUndo: false,
  canRedo: false,
  colorScale: colorScale.read(),
  keep: null,
  heard: 0,
});

/** What the page is told of a saved map. */
export const savedSlotState = ({ specification, runtime }: TokenMap): SlotState =>
  stillSlot(
    parametersOf(specification),
    { ok: false, reason: t('a saved map has the cells that it has') },
    runtime.notices,
  );

/** A saved map, for the page. @param id names it among the maps of the panel. */
export const savedSlotMap = (map: TokenMap, slot: SlotName, id: number): HostMessage => ({
  type: 'map',
  slot,
  map: shownAs(map, id),
});

const shownAs = (map: TokenMap, id: number): ShownMap => ({
  id,
  specification: map.specification,
  facts: map.facts,
  cells: fewerTokens(map.cells, pageTopK(map.cells)),
  tokens: [...map.tokens.values()],
  finish: finishOf(map),
  survey: map.survey ?? null,
});

/** A saved map of a sweep, as much of it as a small picture and a curve need. */
export const savedSweptMap = (map: TokenMap, id: number): ShownMap => ({
  ...shownAs({ ...map, cells: fewerTokens(map.cells, 2) }, id),
  finish: { ...finishOf(map), regions: null },
  survey: null,
});

/** Saved maps of layers as a series. */
export function seriesOf(maps: readonly TokenMap[]): SavedSet {
  const [first] = maps;
  const values = maps.map(({ specification }) => specification.layer);
  const base = first ? parametersOf(first.specification) : DEFAULT_PARAMETERS;
  const series = {
    base,
    vary: [{ path: 'layer', values }],
    plane: 'own',
    model: first?.specification.model.name,
  } as const;
  return { kind: 'series', series, maps };
}
