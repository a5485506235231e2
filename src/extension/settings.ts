import * as vscode from 'vscode';
import { DEFAULT_OUTPUT_FOLDER } from '../host/outputDefaults.js';
import { locateModel } from '../hub/cache.js';
import { Fault } from '../map/fault.js';
import { type Display, NEW_DISPLAY, parseDisplay, readColorRange } from '../map/mapDisplay.js';
import { bytesOf } from '../map/numbers.js';
import { checkParameters, DEFAULT_BATCH_SIZE, DEFAULT_PARAMETERS, type MapParameters } from '../map/specification.js';
import { type Device, DEVICES } from '../protocol/engine.js';
import type { ColorScaleChoice } from '../protocol/page.js';
import type { Log } from './log.js';

/** The section of every setting; `SECTION.KEY` is its whole name. */
export const SECTION = 'embeddingGrid';

/** Every setting's key in {@link SECTION}. package.json describes each, with limits and scope. */
export const KEYS = {
  defaultModel: 'defaultModel',
  outputFolder: 'outputFolder',
  colorScale: 'colorScale',
  layer: 'defaults.layer',
  readout: 'defaults.readout',
  context: 'defaults.context',
  prompt: 'defaults.prompt',
  method: 'defaults.method',
  seed: 'defaults.seed',
  dimensions: 'defaults.dimensions',
  columns: 'defaults.columns',
  rows: 'defaults.rows',
  spacing: 'defaults.spacing',
  center: 'defaults.center',
  topK: 'defaults.topK',
  colorBy: 'display.colorBy',
  colorRange: 'display.colorRange',
  labels: 'display.labels',
  borders: 'display.borders',
  marks: 'display.marks',
  ring: 'display.ring',
  device: 'device',
  batchSize: 'batchSize',
  nodeExecutable: 'nodeExecutable',
  cudaLibraries: 'cudaLibraries',
  memory: 'memory',
  engineGraceSeconds: 'engineGraceSeconds',
} as const;
type Key = (typeof KEYS)[keyof typeof KEYS];

export const COLOR_SCALES: readonly ColorScaleChoice[] = ['theme', 'light', 'dark'];

/** The settings as the code uses them. A value that a settings file got wrong is replaced by the default and logged. */
export class Settings {
  constructor(private readonly log: Log) {}

  /** Path of the model that a new panel opens, or a name that leads nowhere yet; undefined for the bundled one. */
  get defaultModel(): string | undefined {
    const text = this.text(KEYS.defaultModel);
    if (text === undefined) return undefined;
    try {
      return locateModel(text);
    } catch {
      return text; // opening it says what is missing
    }
  }

  /** Folder for saved maps, relative to a workspace folder and inside it. */
  outputFolder(folder: vscode.Uri): string {
    const asked = this.text(KEYS.outputFolder, folder) ?? DEFAULT_OUTPUT_FOLDER;
    const inside = !/^[\\/]|^[A-Za-z]:/.test(asked) && !asked.split(/[\\/]/).includes('..');
    if (inside) return asked;
    this.log.warn(`The setting ${SECTION}.${KEYS.outputFolder} leaves the workspace folder and is not used: ${asked}`);
    return DEFAULT_OUTPUT_FOLDER;
  }

  get colorScale(): ColorScaleChoice {
    return oneOf(COLOR_SCALES, this.value(KEYS.colorScale)) ?? 'theme';
  }

  get device(): Device {
    return oneOf(DEVICES, this.value(KEYS.device)) ?? 'auto';
  }

  /** Most cells of one run, 1 ... 10000. */
  get batchSize(): number {
    return this.whole(KEYS.batchSize, 1, 10_000) ?? DEFAULT_BATCH_SIZE;
  }

  /** The Node executable that runs the engine, or `electron` for VS Code's own; undefined for an automatic choice. */
  get nodeExecutable(): string | undefined {
    return this.text(KEYS.nodeExecutable);
  }

  /** Where CUDA's part of onnxruntime lies, or undefined where it is to be looked for. */
  get cudaLibraries(): string | undefined {
    return this.text(KEYS.cudaLibraries);
  }

  /** Bytes that an engine may take, or undefined for half of what is free. */
  get memory(): number | undefined {
    const text = this.text(KEYS.memory);
    if (text === undefined) return undefined;
    const bytes = bytesOf(text);
    if (bytes === undefined)
      this.log.warn(`The setting ${SECTION}.${KEYS.memory} is no amount of memory and is not used: ${text}`);
    return bytes;
  }

  get engineGraceMilliseconds(): number {
    return 1000 * (this.whole(KEYS.engineGraceSeconds, 0, 3600) ?? 60);
  }

  /** A person has chosen something of what new panels begin with. */
  get hasOwnDefaults(): boolean {
    const settings = vscode.workspace.getConfiguration(SECTION, null);
    return Object.values(KEYS).some((key) => {
      if (!key.startsWith('defaults.')) return false;
      const set = settings.inspect(key);
      return [set?.globalValue, set?.workspaceValue, set?.workspaceFolderValue].some((value) => value !== undefined);
    });
  }

  /** What a new panel's controls begin with. */
  get parameters(): MapParameters {
    const layer = String(this.value(KEYS.layer));
    const checked = checkParameters({
      layer: /^\d+$/.test(layer) ? Number(layer) : layer,
      readout: this.value(KEYS.readout),
      context: this.contextValue(),
      plane: { axes: this.axesValue() },
      grid: {
        columns: this.value(KEYS.columns),
        rows: this.value(KEYS.rows),
        spacing: this.value(KEYS.spacing),
        center: this.value(KEYS.center),
      },
      topK: this.value(KEYS.topK),
    });
    if ('parameters' in checked) return checked.parameters;
    const faults = checked.faults.map(({ path, message }) => `${path}: ${message}`).join('; ');
    this.log.warn(`The settings ${SECTION}.defaults are not used: ${faults}`);
    return DEFAULT_PARAMETERS;
  }

  /** How a new panel begins to draw. */
  get display(): Display {
    const range = this.value(KEYS.colorRange);
    try {
      return parseDisplay({
        colorBy: this.value(KEYS.colorBy),
        colorRange: typeof range === 'string' ? readColorRange(range) : range,
        labels: this.value(KEYS.labels),
        borders: this.value(KEYS.borders),
        marks: this.value(KEYS.marks),
        ring: this.value(KEYS.ring),
      });
    } catch (thrown) {
      this.log.warn(`The settings ${SECTION}.display are not used: ${Fault.from(thrown).message}`);
      return NEW_DISPLAY;
    }
  }

  private contextValue(): unknown {
    const kind = this.value(KEYS.context);
    const text = this.value(KEYS.prompt);
    if (kind !== 'prompt') return { kind };
    return text === '' ? { kind: 'center' } : { kind, text };
  }

  private axesValue(): unknown {
    const method = this.value(KEYS.method);
    if (method === 'direct') return { method, dimensions: this.value(KEYS.dimensions) };
    if (method === 'random_projection') return { method, seed: this.value(KEYS.seed) };
    return { method };
  }

  private value(key: Key, scope?: vscode.Uri): unknown {
    return vscode.workspace.getConfiguration(SECTION, scope ?? null).get<unknown>(key);
  }

  private text(key: Key, scope?: vscode.Uri): string | undefined {
    const value = this.value(key, scope);
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  }

  private whole(key: Key, low: number, high: number): number | undefined {
    const value = this.value(key);
    if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
    this.log.warn(`The setting ${SECTION}.${key} is not a whole number from ${low} to ${high} and is not used.`);
    return undefined;
  }
}

const oneOf = <T extends string>(values: readonly T[], value: unknown): T | undefined =>
  values.find((known) => known === value);
