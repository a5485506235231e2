import { isRecord } from '../src/map/json.js';
import { isAxisValue } from '../src/map/series/series.js';
import { checkParameters } from '../src/map/specification.js';
import { DEVICES } from '../src/protocol/engine.js';
import type { HostMessage, PageEdit, PageMessage } from '../src/protocol/page.js';
import type { Comparison, Listed } from '../src/protocol/panelSettings.js';
import { listedInterventions } from '../src/protocol/shelf.js';
import { withSetting } from '../src/protocol/settingsChange.js';

type StateMessage = Extract<HostMessage, { type: 'state' }>;

/**
 * What a person has set and the host has not heard yet. A state of the host that is older than an edit is shown with the edit in
 * it: no answer ever undoes what was asked after the question.
 */
export class PendingEdits {
  private count = 0;
  private waiting: readonly PageEdit[] = [];
  private last: StateMessage | undefined;

  /** A message as it is sent. */
  sent(message: PageMessage): PageMessage {
    // A saved map has nothing to set; what it is compared with is there when it was read.
    if ((message.type !== 'edit' && message.type !== 'interventions') || this.last?.state.mode !== 'panel')
      return message;
    const edit = { ...message, number: ++this.count };
    this.waiting = [...this.waiting, edit];
    return edit;
  }

  /** A state of the host, as it is to be shown. */
  over(message: StateMessage): StateMessage {
    this.last = message;
    this.waiting = this.waiting.filter(({ number = 0 }) => number > message.state.heard);
    return this.waiting.reduce(edited, message);
  }

  /** The last state, with what is waiting; undefined where nothing is. */
  get now(): StateMessage | undefined {
    return this.last && this.waiting.length > 0 ? this.over(this.last) : undefined;
  }
}

/** A state with an edit in it, as the host will take it; as it is, where it will not. */
function edited(message: StateMessage, edit: PageEdit): StateMessage {
  const { state, slots } = message;
  const { settings } = slots.main;
  if (edit.type === 'interventions') {
    const acting = edit.list.filter(({ on }) => on).map(({ intervention }) => intervention);
    return withSettings(message, { parameters: { ...settings.parameters, interventions: acting } }, edit.list);
  }
  const { path, value } = edit;
  if (path === 'compare')
    // What is beside the map at first is the host's to begin.
    return state.compare?.kind === 'computed' && isComputed(value)
      ? { ...message, state: { ...state, compare: value } }
      : message;
  if (path === 'sweep' || path === 'lens' || path === 'profile') return message;
  const changed = withSetting(settings, path, value);
  return isRecord(changed) ? withSettings(message, changed, state.interventions) : message;
}

function isComputed(value: unknown): value is Extract<Comparison, { kind: 'computed' }> {
  if (!isRecord(value)) return false;
  const { kind, path, plane } = value;
  return (
    kind === 'computed' &&
    typeof path === 'string' &&
    isAxisValue(value.value) &&
    (plane === 'own' || plane === 'shared')
  );
}

function withSettings(
  message: StateMessage,
  asked: Readonly<Record<string, unknown>>,
  shelf: readonly Listed[],
): StateMessage {
  const { state, slots } = message;
  const { settings } = slots.main;
  const checked = checkParameters(asked.parameters);
  const parameters = 'parameters' in checked ? checked.parameters : settings.parameters;
  const device = DEVICES.find((one) => one === asked.device) ?? settings.device;
  const batchSize = typeof asked.batchSize === 'number' ? asked.batchSize : settings.batchSize;
  return {
    ...message,
    state: { ...state, interventions: listedInterventions({ parameters, shelf }) },
    slots: { ...slots, main: { ...slots.main, settings: { ...settings, parameters, device, batchSize } } },
  };
}
