import { parametersOf } from '../map/specification.js';
import type { TokenMap } from '../map/tokenMap.js';
import { type HostMessage, type SlotName, type SlotState, stillSlot } from '../protocol/page.js';
import { finishOf } from './mapRecord.js';
import { fewerTokens, pageTopK } from './pageCells.js';

/** What the page is told of a saved map. */
export const savedSlotState = ({ specification, runtime }: TokenMap): SlotState =>
  stillSlot(
    parametersOf(specification),
    { ok: false, reason: 'a saved map has the cells that it has' },
    runtime.notices,
  );

/** A saved map, for the page. @param id names it among the maps of the panel. */
export const savedSlotMap = (map: TokenMap, slot: SlotName, id: number): HostMessage => ({
  type: 'map',
  slot,
  map: {
    id,
    specification: map.specification,
    facts: map.facts,
    cells: fewerTokens(map.cells, pageTopK(map.cells)),
    tokens: [...map.tokens.values()],
    finish: finishOf(map),
    survey: map.survey ?? null,
  },
});
