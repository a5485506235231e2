import type { PanelDependencies, SavedMapDependencies } from '../../src/panel/dependencies.js';
import type { DrawnSet } from '../../src/host/savedSets.js';
import { Listeners } from '../../src/panel/listeners.js';
import type { Fault } from '../../src/map/fault.js';
import type { TextTable } from '../../src/map/textPoints.js';
import type { Feature } from '../../src/map/questions.js';
import { DEFAULT_DISPLAY } from '../../src/map/mapDisplay.js';
import { DEFAULT_BATCH_SIZE, DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import type { ModelEntry } from '../../src/protocol/page.js';
import type { PanelSettings } from '../../src/protocol/panelSettings.js';
import { encodeVector } from '../../src/map/vector.js';
import { DESCRIPTION, FakeEngine, type FakeEngineOptions } from './fakeEngine.js';

const DAY = 86_400_000;

export const MODELS: readonly ModelEntry[] = [
  { path: DESCRIPTION.path, name: 'SmolLM2-135M-Instruct', origin: 'bundled', place: 'included', layers: 30 },
  {
    path: '/home/ada/models/llama-3.2-1b-instruct-onnx',
    name: 'Llama-3.2-1B-Instruct',
    origin: 'recent',
    place: '~/models/llama-3.2-1b-instruct-onnx',
    layers: 16,
    lastUsed: new Date(Date.now() - DAY).toISOString(),
  },
  {
    path: '/home/ada/models/qwen2.5-0.5b',
    name: 'Qwen2.5-0.5B',
    origin: 'recent',
    place: '~/models/qwen2.5-0.5b',
    layers: 24,
    lastUsed: new Date(Date.now() - 3 * DAY).toISOString(),
  },
  {
    path: '/home/ada/models/phi-2-onnx',
    name: 'phi-2-onnx',
    origin: 'recent',
    place: '~/models/phi-2-onnx',
    problem: 'folder not found',
    lastUsed: new Date(Date.now() - 31 * DAY).toISOString(),
  },
];

/** What a panel begins with. */
export const SETTINGS: PanelSettings = {
  modelPath: DESCRIPTION.path,
  parameters: DEFAULT_PARAMETERS,
  device: 'auto',
  batchSize: DEFAULT_BATCH_SIZE,
  compare: null,
  sweep: false,
  lens: null,
  profile: null,
  sae: null,
  shelf: [],
};

/** The rest of the extension, as far as a panel asks for it. What was asked is written down in `calls`. */
export class FakeDependencies implements PanelDependencies {
  readonly calls: string[] = [];
  readonly logged: string[] = [];
  readonly engines: FakeEngine[] = [];
  readonly snapshotsKept = new Map<string, Uint8Array>();
  /** What acquiring an engine ends with. */
  openFault: Fault | undefined;
  models_: readonly ModelEntry[] = MODELS;
  scale: 'theme' | 'light' | 'dark' = 'theme';
  chosen: string | undefined;
  private readonly modelChanges = new Listeners();
  private readonly scaleChanges = new Listeners();
  private readonly slots: Record<string, number> = {};

  constructor(private readonly engineOptions: FakeEngineOptions = {}) {}

  /** The engine that was started last. */
  get engine(): FakeEngine {
    const engine = this.engines.at(-1);
    if (!engine) throw new Error('no engine was started');
    return engine;
  }

  acquireEngine = (path: string): Promise<FakeEngine> => {
    this.calls.push(`acquire ${path}`);
    if (this.openFault) return Promise.reject(this.openFault);
    const engine = new FakeEngine(this.engineOptions);
    this.engines.push(engine);
    return Promise.resolve(engine);
  };
  restartEngine = (path: string): Promise<void> => this.note(`restart ${path}`);
  models: PanelDependencies['models'] = () => Promise.resolve(this.models_);
  onDidChangeModels = this.modelChanges.signal;
  chooseModel = (): Promise<string | undefined> => (this.calls.push('chooseModel'), Promise.resolve(this.chosen));
  modelName = (path: string): string => path.split('/').at(-1) ?? path;
  rememberModel = (path: string): void => void this.calls.push(`remember ${path}`);
  /** What a new panel begins with on a model. */
  beginning: (modelPath: string | undefined) => MapParameters = () => DEFAULT_PARAMETERS;
  defaults = (modelPath: string | undefined) => ({
    parameters: this.beginning(modelPath),
    withoutPrompts: DEFAULT_PARAMETERS,
    display: DEFAULT_DISPLAY,
    device: 'auto' as const,
    batchSize: DEFAULT_BATCH_SIZE,
  });
  colorScale = { read: () => this.scale, onDidChange: this.scaleChanges.signal };
  saveMap = async ({ display }: TokenMap, { as }: { as: boolean }): Promise<boolean> => {
    await this.note(`${as ? 'saveAs' : 'save'} ${JSON.stringify(display)}`);
    return true;
  };
  /** Sets that were saved, and whose pictures were exported. */
  readonly sets: DrawnSet[] = [];
  saveSet = async (set: DrawnSet): Promise<boolean> => {
    this.sets.push(set);
    await this.note(`saveSet ${set.kind}`);
    return true;
  };
  exportSet = async (set: DrawnSet): Promise<boolean> => {
    this.sets.push(set);
    await this.note(`exportSet ${set.kind}`);
    return true;
  };
  exportPicture = async (): Promise<boolean> => (await this.note('exportPicture'), true);
  chosenVector:
    | {
        readonly source: { readonly kind: 'vector'; readonly vector: string; readonly name?: string };
        readonly sae?: string;
      }
    | undefined;
  chosenTexts: readonly string[] | undefined;
  chooseVector = async (numbers: number | undefined) => (await this.note(`chooseVector ${numbers}`), this.chosenVector);
  chosenTranslator: { readonly path: string } | undefined;
  chooseTranslator = async () => (await this.note('chooseTranslator'), this.chosenTranslator);
  chosenFeature: { readonly feature: Feature; readonly sae?: string } | undefined;
  chooseFeature = async (numbers: number | undefined) => (
    await this.note(`chooseFeature ${numbers}`),
    this.chosenFeature
  );
  chosenSae: string | undefined;
  chooseSae = async () => (await this.note('chooseSae'), this.chosenSae);
  readFeature = async (sae: string, feature: number): Promise<Feature> => {
    await this.note(`readFeature ${sae} ${feature}`);
    const vector = encodeVector(new Float32Array(DESCRIPTION.facts.hiddenSize).fill(feature));
    return { kind: 'feature', vector, bias: 0, threshold: 0, name: `${sae}#${feature}` };
  };
  chosenTable: TextTable | undefined;
  chooseTable = async () => (await this.note('chooseTable'), this.chosenTable);
  chooseTexts = async () => (await this.note('chooseTexts'), this.chosenTexts);
  saveVector = async (_map: unknown, { x, y }: { x: number; y: number }, vector: Float32Array): Promise<boolean> => {
    await this.note(`saveVector ${x} ${y} ${vector.length}`);
    return true;
  };
  savePlane = async (): Promise<boolean> => (await this.note('savePlane'), true);
  copyCommandLine = (): Promise<void> => this.note('copyCommandLine');
  copyTypeScript = (): Promise<void> => this.note('copyTypeScript');
  /** Settings of the copies that were opened. */
  readonly copies: PanelSettings[] = [];
  openCopy = (settings: PanelSettings): void => void this.copies.push(settings);
  copyText = (text: string): Promise<void> => this.note(`copy ${text}`);
  openSavedMap = (): Promise<void> => this.note('openSavedMap');
  /** The saved map that is chosen, and read. */
  savedMap: TokenMap | undefined;
  chooseSavedMap = async () => (await this.note('chooseSavedMap'), this.savedMap && 'file:///map.json');
  readMap = (file: string): Promise<TokenMap> =>
    this.savedMap ? Promise.resolve(this.savedMap) : Promise.reject(new Error(`no map ${file}`));
  openHelp = (page: string): Promise<void> => this.note(`help ${page}`);
  showLog = (): void => void this.calls.push('showLog');
  log = (level: string, line: string): void => void this.logged.push(`${level}: ${line}`);
  tokenColors = {
    read: () => ({ ...this.slots }),
    remember: (slots: Readonly<Record<string, number>>) => void Object.assign(this.slots, slots),
  };
  snapshots = {
    write: (key: string, bytes: Uint8Array) => (this.snapshotsKept.set(key, bytes), Promise.resolve()),
    read: (key: string) => Promise.resolve(this.snapshotsKept.get(key)),
    remove: (key: string) => (this.snapshotsKept.delete(key), Promise.resolve()),
  };

  setScale(scale: 'theme' | 'light' | 'dark'): void {
    this.scale = scale;
    this.scaleChanges.fire();
  }

  /** The same for a saved map; what it asks for beside is written down too. */
  forSavedMap(): SavedMapDependencies {
    const {
      exportPicture,
      exportSet,
      saveVector,
      savePlane,
      copyText,
      showLog,
      log,
      tokenColors,
      colorScale,
      chooseSavedMap,
      readMap,
    } = this;
    return {
      ...{
        exportPicture,
        exportSet,
        saveVector,
        savePlane,
        copyText,
        showLog,
        log,
        tokenColors,
        colorScale,
        chooseSavedMap,
        readMap,
      },
      editAndRun: () => this.note('editAndRun'),
      copyCommandLine: () => this.note('copyCommandLine'),
      copyTypeScript: () => this.note('copyTypeScript'),
      openAsText: () => this.note('openAsText'),
    };
  }

  private note(call: string): Promise<void> {
    this.calls.push(call);
    return Promise.resolve();
  }
}
