import type { TextTable } from '../map/textPoints.js';
import type { Feature } from '../map/questions.js';
import type { EngineLease } from '../host/engineLease.js';
import type { DrawnSet, SavedSet } from '../host/savedSets.js';
import type { Display } from '../map/mapDisplay.js';
import type { MapParameters, TranslatorReference, VectorSource } from '../map/specification.js';
import type { TokenMap } from '../map/tokenMap.js';
import type { Device, ModelDescription, OpenEvent } from '../protocol/engine.js';
import type { ColorScaleChoice, MadeWith, ModelEntry } from '../protocol/page.js';
import type { Comparison, LensChoice, PanelSettings } from '../protocol/panelSettings.js';

/** What must be ended later. `vscode.Disposable` is one. */
export interface Disposable {
  dispose(): unknown;
}

/** What a panel listens to. `vscode.Event<void>` is one. */
export type Signal = (listener: () => void) => Disposable;

/** What a panel begins with, from the settings. */
export interface PanelDefaults {
  readonly parameters: MapParameters;
  /** In their place on a model that takes no prompts, where they need it to. */
  readonly withoutPrompts: MapParameters;
  readonly display: Display;
  readonly device: Device;
  readonly batchSize: number;
}

/** What a panel needs to draw the current parameters as a command line. */
export interface CommandLineSubject {
  readonly modelPath: string;
  readonly parameters: MapParameters;
  /** Its colors of tokens are those that the map's tokens would not get without being named. */
  readonly display: Display;
  readonly device: Device;
  readonly batchSize: number;
}

/** Gives a map what a page of its own computes closer looks from; asked where such a page is made. */
export type Closer = (map: TokenMap) => Promise<TokenMap>;

/**
 * All that a panel asks of the rest of the extension. No `vscode` here, so that the controller is tested without it.
 * Every promise may reject: a fault is shown with its hint and actions, anything else becomes `internal`.
 */
export interface PanelDependencies {
  /**
   * Starts (or shares) an engine and opens the model in it.
   * @throws Fault: `model-*`, `tokenizer`, `device`, `memory`, or `cancelled` when the signal fires first.
   */
  acquireEngine(
    path: string,
    device: Device,
    options: { signal: AbortSignal; onOpening: (event: OpenEvent) => void },
  ): Promise<EngineLease>;
  /** Ends the process of this model and device; the next acquire starts a new one. */
  restartEngine(path: string, device: Device): Promise<void>;

  /**
   * Bundled first, then recent, then found in the workspace; no model twice.
   * @param current a path that is told with the entry of the model that it leads to, whether it was opened or could not be
   */
  models(current: string | null): Promise<readonly ModelEntry[]>;
  readonly onDidChangeModels: Signal;
  /** Asks for a model with the system's dialog: its path, or undefined when dismissed. */
  chooseModel(): Promise<string | undefined>;
  /**
   * Asks for a file and, where it holds several vectors, for one of them. undefined when dismissed.
   * @param numbers how many the vector must have, where the model is known. @throws Fault `file`, `bad-parameter`.
   * @returns `sae`: the path of the autoencoder that the vector is of, if it is of one
   */
  chooseVector(
    numbers: number | undefined,
  ): Promise<
    { readonly source: Extract<VectorSource, { kind: 'vector' }>; readonly sae?: string | undefined } | undefined
  >;
  /** Asks for a file, and for a feature or probe of it; undefined when dismissed. `sae`: the path of its autoencoder. @throws Fault as {@link chooseVector}. */
  chooseFeature(
    numbers: number | undefined,
  ): Promise<{ readonly feature: Feature; readonly sae?: string | undefined } | undefined>;
  /** Asks for a sparse autoencoder of this machine: the path of its folder or file; undefined when dismissed. @throws Fault `file`. */
  chooseSae(): Promise<string | undefined>;
  /** A feature of a sparse autoencoder by its number. @throws Fault as {@link chooseVector}. */
  readFeature(sae: string, feature: number, numbers: number | undefined): Promise<Feature>;
  /** Asks for a text file: its lines that are not empty. undefined when dismissed. @throws Fault `file`. */
  chooseTexts(): Promise<readonly string[] | undefined>;
  /** Asks for a file of texts, CSV or one text a line; undefined when dismissed. @throws Fault `file`. */
  chooseTable(): Promise<TextTable | undefined>;
  /** Asks for a tuned or Jacobian lens's file, or undefined when dismissed. */
  chooseTranslator(): Promise<TranslatorReference | undefined>;
  /** What a model is called, before it is open. */
  modelName(path: string): string;
  /** Called after a model was opened: for the list of recent models. */
  rememberModel(path: string, description: ModelDescription): void;

  /** What a new panel begins with, on this model. */
  defaults(modelPath: string | undefined): PanelDefaults;
  /** The setting for the map's colors; panels follow it. */
  readonly colorScale: { read(): ColorScaleChoice; readonly onDidChange: Signal };

  /** Maps come with the display that the page has. Saves to the workspace's output folder ("Save"), or asks where ("Save As..."). True when it was written. */
  saveMap(map: TokenMap, options: { as: boolean; closer?: Closer }): Promise<boolean>;
  exportPicture(map: TokenMap, closer?: Closer): Promise<boolean>;
  /** The same of all that a panel shows beside each other. */
  saveSet(set: SavedSet, options: { as: boolean }): Promise<boolean>;
  /** Also a profile's, which may be numbers. */
  exportSet(set: DrawnSet): Promise<boolean>;
  /** Asks where and writes a point's vector as .npy, or the map's `c`, `u` and `v` as .npz. True when it was written. */
  saveVector(map: TokenMap, place: { readonly x: number; readonly y: number }, vector: Float32Array): Promise<boolean>;
  savePlane(map: TokenMap): Promise<boolean>;
  copyCommandLine(subject: CommandLineSubject): Promise<void>;
  /** The same as a program of the library. */
  copyTypeScript(subject: CommandLineSubject): Promise<void>;
  /** Opens another panel with these settings beside the active one. */
  openCopy(settings: PanelSettings, display: Display): void;
  /** Puts a text onto the clipboard and says so; `what` it is, in a few words. */
  copyText(text: string, what?: string): Promise<void>;
  openSavedMap(): Promise<void>;
  /** Asks for a saved map: the address of its file, or undefined when dismissed. */
  chooseSavedMap(): Promise<string | undefined>;
  /** A saved map, by the address of its file. @throws Fault `file`. */
  readMap(file: string): Promise<TokenMap>;
  /** A page of the documentation: `what` = what a token map shows, `convert` = how to make an ONNX model. */
  openHelp(page: 'what' | 'convert'): Promise<void>;
  showLog(): void;
  log(level: 'info' | 'warn' | 'error', line: string): void;

  /** Color slots of tokens, kept per workspace, by token text; `remember` adds to them. */
  readonly tokenColors: {
    read(): Readonly<Record<string, number>>;
    remember(slots: Readonly<Record<string, number>>): void;
  };

  /**
   * Bytes kept for a panel over a reload of the window (e.g. files in `context.storageUri`); `read` gives undefined where
   * there are none. Keys are UUIDs. Panels that were closed call `remove`; stale ones may be removed after some days.
   */
  readonly snapshots: {
    write(key: string, bytes: Uint8Array): Promise<void>;
    read(key: string): Promise<Uint8Array | undefined>;
    remove(key: string): Promise<void>;
  };
}

/** What the read-only editor of a saved map needs. */
export interface SavedMapDependencies extends Pick<
  PanelDependencies,
  | 'exportPicture'
  | 'exportSet'
  | 'saveVector'
  | 'savePlane'
  | 'copyText'
  | 'showLog'
  | 'log'
  | 'tokenColors'
  | 'colorScale'
  | 'chooseSavedMap'
  | 'readMap'
> {
  /** Opens a panel with the saved map's parameters, on its model if it can still be found, and with a lens beside it. */
  editAndRun(
    map: Pick<TokenMap, 'specification' | 'display'> & Partial<Pick<TokenMap, 'facts'>>,
    lens?: LensChoice,
  ): Promise<void>;
  /** The command line that makes this map again. */
  copyCommandLine(map: TokenMap): Promise<void>;
  copyTypeScript(map: TokenMap): Promise<void>;
  /** Opens the same file in the text editor. */
  openAsText(): Promise<void>;
}

/** What the editor of a saved lens needs. */
export type SavedLensDependencies = Pick<
  SavedMapDependencies,
  'exportSet' | 'copyText' | 'showLog' | 'log' | 'tokenColors' | 'colorScale' | 'editAndRun' | 'openAsText'
>;

/** What commands, the status bar and context keys follow. */
export interface PanelStatus {
  /** Title of the editor tab. */
  readonly title: string;
  readonly running: boolean;
  /** 0 ... 1 while running. */
  readonly progress: number;
  /** A whole map is there: it can be saved. */
  readonly complete: boolean;
  /** A part of the map is looked at. */
  readonly zoomed: boolean;
  readonly modelPath: string | null;
}

/** What a new panel begins with; what is left out comes from {@link PanelDependencies.defaults}. */
export interface PanelStart {
  /** undefined: the empty state. */
  readonly modelPath?: string;
  readonly compare?: Comparison | null;
  readonly sweep?: boolean;
  readonly lens?: LensChoice | null;
  readonly profile?: PanelSettings['profile'];
  readonly sae?: PanelSettings['sae'];
  readonly shelf?: PanelSettings['shelf'];
  readonly parameters?: MapParameters;
  /** Of the map whose parameters they are, where its model was not found. */
  readonly madeWith?: MadeWith;
  readonly display?: Display;
  readonly device?: Device;
  readonly batchSize?: number;
  /** Beside the active editor. */
  readonly beside?: boolean;
  /** Compute at once (default true). */
  readonly run?: boolean;
}

/**
 * An open panel, for commands. Made by `createPanel` and `revivePanel` of the extension's webviewPanel.ts. `dispose` is for the
 * end of the extension: it ends the run and lets go of the engine, but leaves the tab and what was kept, so that the panel comes
 * back after a reload.
 */
export interface MapPanel extends Disposable {
  readonly status: PanelStatus;
  readonly settings: PanelSettings;
  readonly onDidChangeStatus: Signal;
  /** The person has closed it. */
  readonly onDidDispose: Signal;
  /** Whether this is the active editor (`active`) and can be seen (`visible`). */
  readonly active: boolean;
  readonly visible: boolean;
  reveal(): void;
  chooseModel(path: string): void;
  generate(): void;
  cancel(): void;
  /** The whole map, or undefined while there is none. */
  map(): TokenMap | undefined;
  save(options: { as: boolean }): Promise<boolean>;
  exportPicture(): Promise<boolean>;
  copyCommandLine(): Promise<void>;
  /** Makes the window that is looked at the panel's map. @throws Fault while all of the map is looked at. */
  useView(): void;
  restartEngine(): Promise<void>;
}
