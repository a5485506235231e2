import { t } from '@vscode/l10n';
import { isRecord } from '../../src/map/json.js';
import { formatCount } from '../../src/map/numbers.js';
import { samplePrompts } from '../../src/map/presets.js';
import { checkParameters, type FieldFault, LIMITS } from '../../src/map/specification.js';
import { type HostState, leadsTo } from '../../src/protocol/page.js';
import type { MapSettings } from '../../src/protocol/panelSettings.js';
import { settingAt, type SettingPath, withSetting } from '../../src/protocol/settingsChange.js';
import { send } from '../host.js';
import { modelFaults } from './modelLimits.js';

/**
 * What the controls are filled from and where their changes go. A change is checked first; one that is wrong stays in its
 * field, with the reason below it, and the host does not hear of it.
 */
export class Form {
  /** Faults of what was typed and not accepted, by field. */
  private readonly drafts = new Map<string, string>();
  private host: HostState | null = null;

  /** `now` tells the host's state, which may not have been drawn yet; `redraw` is called when a message below a field has changed. */
  constructor(
    private readonly now: () => HostState | null,
    private readonly redraw: () => void,
  ) {}

  update(host: HostState | null): void {
    const before = this.host?.settings;
    for (const path of this.drafts.keys()) {
      // An undo, or another control: the field has another value now, what was typed before is gone.
      const same =
        before && host && JSON.stringify(settingAt(before, path)) === JSON.stringify(settingAt(host.settings, path));
      if (!same) this.drafts.delete(path);
    }
    this.host = host;
  }

  get settings(): MapSettings | undefined {
    return this.host?.settings;
  }

  /** Prompts to begin with, that the model that is chosen can go on with. */
  get prompts(): Readonly<Record<'A' | 'B' | 'C', string>> {
    return samplePrompts(this.host === null || isBundled(this.host));
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

  /** What is wrong with a field or with a part of it. */
  faultUnder(path: SettingPath): string | undefined {
    for (const [draft, fault] of this.drafts) if (draft === path || draft.startsWith(`${path}.`)) return fault;
    return this.fault(path);
  }

  /**
   * Changes a setting, unless it or another is wrong then: that is said below its field. `step`: by a slider or a key that
   * steps, so that quick steps are undone together.
   */
  edit(path: SettingPath, value: unknown, step = false): void {
    this.update(this.now());
    const fault = this.faultOf(path, value);
    if (fault === undefined) {
      this.drafts.delete(path);
      send({ type: 'edit', path, value, ...(step ? { step } : {}) });
    } else {
      this.drafts.set(path, fault);
      this.redraw();
    }
  }

  /** What would be wrong if a setting had this value. */
  private faultOf(path: SettingPath, value: unknown): string | undefined {
    if (!this.host) return undefined;
    const { model, settings } = this.host;
    if (path === 'device') return undefined;
    if (path === 'batchSize') return batchFault(value);
    const changed = withSetting(settings, path, value);
    const checked = checkParameters(isRecord(changed) ? changed.parameters : undefined);
    const faults: readonly FieldFault[] =
      'faults' in checked
        ? checked.faults
        : model.status === 'ready'
          ? modelFaults(checked.parameters, model.summary).filter((fault) => fault.path.startsWith(path))
          : [];
    const fault = faults.find((one) => one.path === path) ?? faults[0];
    return fault && sentence(fault.message);
  }
}

/** The model that is chosen is the one that came with the extension. */
export const isBundled = ({ models, settings }: HostState): boolean =>
  models.find((model) => leadsTo(model, settings.modelPath))?.origin === 'bundled';

const batchFault = (value: unknown): string | undefined =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= LIMITS.batch
    ? undefined
    : t('The batch size is a whole number from 1 to {0}', formatCount(LIMITS.batch));

const sentence = (message: string): string => `${message.charAt(0).toUpperCase()}${message.slice(1)}`;

/** A number that a person has typed; NaN where it is none. True minus and a decimal comma are understood. */
export function readNumber(text: string): number {
  const plain = text
    .trim()
    .replace(/\u2212/g, '-')
    .replace(/^([+-]?\d*),(\d+)$/, '$1.$2');
  return plain === '' ? NaN : Number(plain);
}
