import { DEFAULT_BATCH_SIZE, parametersOf } from '../map/specification.js';
import type { TokenMap } from '../map/tokenMap.js';
import type { HostMessage, SlotName, SlotState } from '../protocol/page.js';
import { finishOf } from './mapRecord.js';
import { fewerTokens, pageTopK } from './pageCells.js';

/** What the page is told of a saved map: it has no engine, and nothing of it changes. */
export function savedSlotState({ specification, runtime }: TokenMap): SlotState {
  return {
    settings: {
      modelPath: null,
      parameters: parametersOf(specification),
      device: 'auto',
      batchSize: DEFAULT_BATCH_SIZE,
    },
    model: { status: 'none' },
    estimate: null,
    obstacle: null,
    changed: false,
    outdated: null,
    run: { status: 'idle' },
    detail: { status: 'idle' },
    refinable: { ok: false, reason: 'a saved map has the cells that it has' },
    fault: null,
    notices: runtime.notices,
  };
}

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
