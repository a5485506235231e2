import { checkParameters, type FieldFault, type MapParameters } from '../../src/map/specification.js';
import type { HostState, PanelSettings } from '../../src/protocol/page.js';
import { send } from '../host.js';
import { modelFaults } from './modelLimits.js';

type Editable = Omit<PanelSettings, 'modelPath'>;

/**
 * What the controls are filled from and where their changes go. A change is checked first; one that is wrong stays in its
 * field, with the reason below it, and the host does not hear of it.
 */
export class Form {
  /** Faults of what was typed and not accepted, by field. */
  private readonly drafts = new Map<string, string>();
  private host: HostState | null = null;

  /** `redraw` is called when a message below a field has changed. */
  constructor(private readonly redraw: () => void) {}

  update(host: HostState | null): void {
    const before = this.host?.settings;
    for (const path of this.drafts.keys()) {
      // An undo, or another control: the field has another value now, what was typed before is gone.
      if (JSON.stringify(valueAt(host?.settings, path)) !== JSON.stringify(valueAt(before, path)))
        this.drafts.delete(path);
    }
    this.host = host;
  }

  get settings(): PanelSettings | undefined {
    return this.host?.settings;
  }

  /** What is wrong with a field, by its path in the parameters, in words. */
  fault(path: string): string | undefined {
    const draft = this.drafts.get(path);
    if (draft !== undefined) return draft;
    const { host } = this;
    if (host?.model.status !== 'ready') return undefined;
    const fault = modelFaults(host.settings.parameters, host.model.summary).find((one) => one.path === path);
    return fault && sentence(fault.message);
  }

  /** Changes the parameters, unless a field is wrong then. `path` names the field that is edited. */
  edit(path: string, change: (parameters: MapParameters) => MapParameters): void {
    if (!this.host) return;
    const { settings } = this.host;
    const checked = checkParameters(change(settings.parameters));
    const faults: readonly FieldFault[] =
      'faults' in checked
        ? checked.faults
        : this.host.model.status === 'ready'
          ? modelFaults(checked.parameters, this.host.model.summary)
          : [];
    const fault = faults.find((one) => one.path === path) ?? ('faults' in checked ? faults[0] : undefined);
    if (fault) this.drafts.set(path, sentence(fault.message));
    else {
      this.drafts.delete(path);
      if ('parameters' in checked) this.sendEdit({ ...settings, parameters: checked.parameters }, path);
    }
    this.redraw();
  }

  /** Changes device or batch size. */
  editRun(
    path: 'device' | 'batchSize',
    change: Partial<Pick<PanelSettings, 'device' | 'batchSize'>>,
    fault?: string,
  ): void {
    if (!this.host) return;
    if (fault) this.drafts.set(path, fault);
    else {
      this.drafts.delete(path);
      this.sendEdit({ ...this.host.settings, ...change }, path);
    }
    this.redraw();
  }

  private sendEdit({ parameters, device, batchSize }: Editable, field: string): void {
    send({ type: 'edit', settings: { parameters, device, batchSize }, field });
  }
}

/** The value of a field: a path in the parameters, or a name of the settings. */
function valueAt(settings: PanelSettings | undefined, path: string): unknown {
  if (path === 'device' || path === 'batchSize') return settings?.[path];
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
      settings?.parameters,
    );
}

const sentence = (message: string): string => `${message.charAt(0).toUpperCase()}${message.slice(1)}`;

/** A number that a person has typed; NaN where it is none. True minus and a decimal comma are understood. */
export function readNumber(text: string): number {
  const plain = text
    .trim()
    .replace(/\u2212/g, '-')
    .replace(/^([+-]?\d*),(\d+)$/, '$1.$2');
  return plain === '' ? NaN : Number(plain);
}
