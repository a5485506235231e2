import type { CellDivergences } from '../map/compare/comparison.js';
import type { FaultData } from '../map/fault.js';
import type { Display } from '../map/mapDisplay.js';
import type { Gram } from '../map/plane.js';
import type { LensTable } from '../map/lens/lensTable.js';
import {
  DEFAULT_BATCH_SIZE,
  type Grid,
  type MapParameters,
  type MapSpecification,
  type ModelReference,
} from '../map/specification.js';
import type { Sampling } from '../map/sampling.js';
import type { Profile, ProfileLine } from '../map/profile.js';
import type { SaeFacts, StrongFeature } from '../map/strongFeatures.js';
import type { Survey } from '../map/survey.js';
import type { Token } from '../map/token.js';
import type { TranslatorKind } from '../map/translate.js';
import type { CellBatch, Cells, ModelFacts, Runtime } from '../map/tokenMap.js';
import type { Anchor } from '../map/useAs.js';
import type { NearBoundary, StateBoundaries } from './boundaries.js';
import type { Estimate, ModelDescription, Reading, Support } from './engine.js';
import type { LensProgress } from './lens.js';
import type { Comparison, LensChoice, Listed, MapSettings, PanelSettings } from './panelSettings.js';
import type { PageRegions } from './pageRegions.js';
import type { ProfileProgress } from './profile.js';
import type { SettingPath } from './settingsChange.js';

/**
 * The messages between the extension host and the page. The host holds the truth (parameters, model, map, run, fault); the
 * page draws it and says what a person did. A hidden page gets no messages and is built anew when it is shown, so nothing
 * here is an answer to something: the page says `ready` and is sent everything again.
 */

/** A line of the model drop-down and of the empty state. */
export interface ModelEntry {
  /** Absolute path of the file or of the model's folder. */
  readonly path: string;
  /** Other paths that lead to the same model and were opened or found: the file in the folder, a link. */
  readonly others?: readonly string[];
  /** No two of a list have the same. */
  readonly name: string;
  readonly origin: 'bundled' | 'recent' | 'workspace' | 'cache';
  /** The place as people read it: `~/models/phi-2`, or relative to the workspace. */
  readonly place: string;
  /** What its files are, in words: `safetensors · bfloat16 · 16.1 GB`. */
  readonly contents?: string;
  /** Decoder blocks, where known without opening the model. */
  readonly layers?: number;
  /** ISO 8601, of the last map. */
  readonly lastUsed?: string;
  /** Why it cannot be opened now ("folder not found", "weights missing", "this folder is not trusted"). */
  readonly problem?: string;
}

/** Whether a path is one of those that lead to a listed model. */
export const leadsTo = ({ path, others }: ModelEntry, to: string | null): boolean =>
  path === to || (to !== null && others?.includes(to) === true);

/** Which colors the map is drawn in: those that fit the theme, or one scale in every theme. */
export type ColorScaleChoice = 'theme' | 'light' | 'dark';

/** How far a lens is. */
export interface LensState {
  readonly choice: LensChoice;
  readonly running: boolean;
  /** `secondsLeft`: null until enough is known. */
  readonly progress: (LensProgress & { readonly secondsLeft: number | null }) | null;
  readonly fault: FaultData | null;
}

/** How far a profile is. */
export interface ProfileState {
  readonly line: ProfileLine;
  readonly running: boolean;
  readonly progress: ProfileProgress | null;
  readonly fault: FaultData | null;
}

/** How far the maps of all layers are. */
export interface SweepState {
  /** Decoder blocks of the model: there is one map more, of the embeddings. */
  readonly layers: number;
  /** Maps that are there. */
  readonly done: number;
  readonly running: boolean;
}

/** What the page needs of a {@link ModelDescription}. */
export type ModelSummary = Pick<
  ModelDescription,
  | 'reference'
  | 'facts'
  | 'modelType'
  | 'readouts'
  | 'contexts'
  | 'tokenizer'
  | 'device'
  | 'checks'
  | 'batching'
  | 'prefix'
  | 'attentionHeads'
>;

/** The model that a map was made with, as far as its file tells. */
export interface MadeWith {
  readonly reference: ModelReference;
  readonly facts?: ModelFacts;
}

export type ModelState =
  /** `madeWith`: the parameters are those of a map of this model, which was not found. */
  | { readonly status: 'none'; readonly madeWith?: MadeWith }
  /** `repacked`: bytes of its weights, where these are repacked before it opens. */
  | {
      readonly status: 'loading';
      readonly name: string;
      readonly repacked?: { readonly done: number; readonly total: number };
    }
  | { readonly status: 'ready'; readonly name: string; readonly summary: ModelSummary }
  | { readonly status: 'failed'; readonly name: string; readonly fault: FaultData };

/** How far a map is. `done` counts the cells that are there, also of an earlier, resumed run. */
export interface Progress {
  /** What is worked on: before the first cells of this run the model, then what they need (prompts, the plane), then they. */
  readonly phase: 'opening' | 'prompt' | 'first' | 'cells';
  readonly done: number;
  readonly total: number;
  /** 16, 4 or 1. */
  readonly stride: number;
  /** null until enough is known. */
  readonly secondsLeft: number | null;
  /** Since the run began. */
  readonly seconds: number;
  /** The last cell that came: where the work is. -1 before the first. */
  readonly cell: number;
  /** What is shown is of a model that has still to prove itself. */
  readonly unverified?: true;
}

/**
 * `stopped`: by the person (`cancelled`), by a fault, or behind its first pass where a change is followed no further (`pass`); what
 * had come stays, and Resume computes the rest.
 */
export type RunState =
  | { readonly status: 'idle' }
  | { readonly status: 'running'; readonly progress: Progress }
  | {
      readonly status: 'stopped';
      readonly by: 'cancelled' | 'fault' | 'pass';
      readonly done: number;
      readonly total: number;
    };

/** What the page keeps over a reload of the window and hands to the serializer. */
export interface KeptPanel {
  readonly version: 1;
  /** Names the panel's snapshot. */
  readonly key: string;
  readonly settings: PanelSettings;
  /** A map was being computed. */
  readonly running: boolean;
}

/** What a file is chosen for. */
export const FILE_CONTENTS = ['vector', 'texts', 'table', 'translator', 'feature', 'sae'] as const;
export type FileContent = (typeof FILE_CONTENTS)[number];

/** A place for a map in a panel: the panel's own, and one beside it. */
export const SLOTS = ['main', 'other'] as const;
export type SlotName = (typeof SLOTS)[number];

/** What is known of the map in a slot, but its cells. */
export interface SlotState {
  /** What it is computed with. */
  readonly settings: MapSettings;
  readonly model: ModelState;
  /** For the current settings. */
  readonly estimate: Estimate | null;
  /** Whether a change is followed by the whole map where nobody has chosen that. */
  readonly quick: boolean;
  /** Why there can be no map with these settings, though each field is right. */
  readonly obstacle: FaultData | null;
  /** The settings differ from those of the map that is shown or computed. */
  readonly changed: boolean;
  /** The map that is shown, where the settings are others: until the first cells of the next one have come. */
  readonly outdated: number | null;
  readonly run: RunState;
  /** Computing of the window that is looked at. */
  readonly detail: RunState;
  /** Whether a window of the shown map can be computed afresh. */
  readonly refinable: Support;
  /** Of the last run or action. A model's fault is in `model`. */
  readonly fault: FaultData | null;
  /** Notices of the last run: what it had to do otherwise than asked. */
  readonly notices: readonly string[];
}

/** A map that is only looked at: it has no engine, and nothing of it changes. */
export const stillSlot = (
  parameters: MapParameters,
  refinable: Support,
  notices: readonly string[] = [],
): SlotState => ({
  settings: { modelPath: null, parameters, device: 'auto', batchSize: DEFAULT_BATCH_SIZE },
  model: { status: 'none' },
  estimate: null,
  obstacle: null,
  quick: false,
  changed: false,
  outdated: null,
  run: { status: 'idle' },
  detail: { status: 'idle' },
  refinable,
  fault: null,
  notices,
});

/** Who types pauses for so long, in ms, where what stands there is meant: a text at the host, a number on the page. */
export const TYPED_MS = 400;

/** Maps that take no longer follow a change whole, unless a person has chosen otherwise. */
export const LIVE_SECONDS = 1;

/** What is known of a panel as a whole. */
export interface PanelState {
  /** `saved`: the read-only editor of a saved map. */
  readonly mode: 'panel' | 'saved';
  readonly compare: Comparison | null;
  /** null: there is no sweep. */
  readonly sweep: SweepState | null;
  /** All interventions of the panel's settings, those that are off among them. */
  readonly interventions: readonly Listed[];
  /** null: there is no lens. */
  readonly lens: LensState | null;
  /** null: there is no profile. */
  readonly profile: ProfileState | null;
  /** The path of the autoencoder whose features are listed; null: there is none. */
  readonly sae: string | null;
  readonly models: readonly ModelEntry[];
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** How a page begins to draw that remembers nothing of it. */
  readonly display: PageView;
  readonly colorScale: ColorScaleChoice;
  /** Color slots of tokens, by text. */
  readonly tokenColors: Readonly<Record<string, number>>;
  /** Whether a change is followed by the whole map, or by its first pass alone; null: by the whole where that is quick. */
  readonly live: boolean | null;
  /** null for a saved map. */
  readonly keep: KeptPanel | null;
  /** The number of the last edit of the page that was heard, taken or not; 0: none. */
  readonly heard: number;
}

/** All that a pane shows but its map's cells. */
export type HostState = PanelState & SlotState;

/** What is known when a map is complete. */
export interface Finish {
  readonly runtime: Runtime;
  readonly gram: Gram;
  /** Where each token wins, without a grid; null where that is not known. */
  readonly regions: PageRegions | null;
}

/** The map that is shown, with all cells so far. */
export interface ShownMap {
  /** Another one for every map of a panel, whatever its slot: later cells name it. */
  readonly id: number;
  readonly specification: MapSpecification;
  readonly facts: ModelFacts;
  readonly cells: Cells;
  readonly tokens: readonly Token[];
  /** null while cells are missing. */
  readonly finish: Finish | null;
  /** Of the map's plane; null where it is not known (yet). */
  readonly survey: Survey | null;
}

/** What is known of the current settings' plane. */
export interface SurveyNews {
  readonly survey: Survey | null;
  /** Why there is none, where it was asked for. */
  readonly fault: FaultData | null;
  /** The map that has the same plane: it shows this survey from now on, and has these overlays. */
  readonly map: number | null;
}

/** A point of the shown map's plane, as the model sees it. */
export interface PointNews {
  readonly map: number;
  readonly x: number;
  readonly y: number;
  /** null while it is computed. */
  readonly reading: Reading | null;
  readonly fault: FaultData | null;
}

/** A point that is written from: `A`, or what else it is called. */
export interface NamedPoint {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

/** The text that the model writes from a point. */
export interface WrittenText extends NamedPoint {
  readonly tokens: readonly Token[];
  /** `ended`: with a token that ends the sequence. */
  readonly status: 'waiting' | 'running' | 'ended' | 'full' | 'stopped' | 'failed';
  readonly fault: FaultData | null;
}

/** The texts that the model writes from points of the shown map's plane, one after another. */
export interface Continuation {
  readonly map: number;
  readonly texts: readonly WrittenText[];
}

/** Where texts are written from, at most {@link MOST_TEXTS} of them, and how. */
export interface WriteFrom {
  readonly slot: SlotName;
  readonly map: number;
  readonly points: readonly NamedPoint[];
  /** null: the most probable token at each step. */
  readonly sampling: Sampling | null;
}
export const MOST_TEXTS = 4;

/** A prompt of the settings as the model reads it. */
export interface PromptTokens {
  readonly text: string;
  /** In the model's chat template. */
  readonly chat: boolean;
  /** In their order, all of them; empty where it cannot be read. */
  readonly tokens: readonly Token[];
}

/** The boundaries around the center of the shown map, as they were asked for. */
export interface BoundaryNews {
  readonly map: number;
  /** null while it is computed. */
  readonly told: ToldBoundaries | null;
  /** Points that were computed so far, where it is stepped. */
  readonly probes: number;
  readonly fault: FaultData | null;
}

/** A hidden state whose features are asked: at a point of a map's plane, or of a token of its context's prompt. */
export type FeaturesOf = { readonly x: number; readonly y: number } | { readonly position: number };

/** The strongest features of a hidden state of the shown map, as they were asked for. */
export interface FeaturesNews {
  readonly map: number;
  readonly of: FeaturesOf;
  /** null while they are computed. */
  readonly told: ToldFeatures | null;
  readonly fault: FaultData | null;
}

/** Strong features, without their directions. */
export interface ToldFeatures {
  readonly sae: SaeFacts;
  /** Features that are active there. */
  readonly active: number;
  readonly strongest: readonly (Omit<StrongFeature, 'direction'> & {
    /** Whether it has a direction that can become an axis. */
    readonly directed: boolean;
    /** What its direction speaks for, most probable first; null while that is not known. */
    readonly tokens: readonly Token[] | null;
  })[];
}

/** What a feature that is listed can become: a question, which colors the map, or an axis of the next plane. */
export const FEATURE_USES = ['question', 'x', 'y'] as const;
export type FeatureUse = (typeof FEATURE_USES)[number];

/** How far apart the predictions of two compared maps are, cell by cell. */
export interface DivergenceNews {
  /** The panel's own map and the one beside it, by their ids. */
  readonly maps: readonly [main: number, other: number];
  /** In nats, NaN where there is none (yet); null: none has come. */
  readonly values: CellDivergences | null;
  /** Cells that were computed. */
  readonly done: number;
  readonly total: number;
  readonly fault: FaultData | null;
}

/** {@link StateBoundaries}, without their vectors. */
export interface ToldBoundaries extends Omit<StateBoundaries, 'nearest' | 'state'> {
  readonly nearest: readonly Omit<NearBoundary, 'point'>[] | { readonly reason: string };
}

/** What is told of the map in a slot. */
export type SlotNews =
  | { readonly type: 'progress'; readonly progress: Progress }
  /** Replaces the map; null: there is none. */
  | { readonly type: 'map'; readonly map: ShownMap | null }
  /** Replaces the detail: a map of the part that is looked at, with the survey of the whole; null: there is none. */
  | { readonly type: 'detail'; readonly map: ShownMap | null }
  | { readonly type: 'cells'; readonly map: number; readonly batch: CellBatch; readonly tokens: readonly Token[] }
  /** `tokens`: those of the regions, some of which may win no cell. */
  | { readonly type: 'finish'; readonly map: number; readonly finish: Finish; readonly tokens: readonly Token[] }
  | { readonly type: 'survey'; readonly news: SurveyNews }
  /** Prompts of the settings, by the model of the slot. */
  | { readonly type: 'prompts'; readonly prompts: readonly PromptTokens[] }
  | { readonly type: 'point'; readonly point: PointNews | null }
  | { readonly type: 'continuation'; readonly continuation: Continuation | null }
  | { readonly type: 'boundaries'; readonly boundaries: BoundaryNews | null }
  | { readonly type: 'features'; readonly features: FeaturesNews | null };

export type HostMessage =
  /** `slots`: the panel's own, and while two maps are compared, the other one. */
  | { readonly type: 'state'; readonly state: PanelState; readonly slots: Slots<SlotState> }
  | (SlotNews & { readonly slot: SlotName })
  /** A map of the sweep, whole; null: all that came before are no longer of it. */
  | { readonly type: 'sweep'; readonly map: ShownMap | null }
  /** Of the maps that are compared; null: none is known. */
  | { readonly type: 'divergences'; readonly news: DivergenceNews | null }
  /** One beside another; null: there is none, or none any more. */
  | { readonly type: 'lens'; readonly lenses: readonly LensTable[] | null }
  /** null: there is none, or none any more. */
  | { readonly type: 'profile'; readonly profile: Profile | null };

/** Whether a message has settings, a specification or a survey in it, and so may have long lists of texts and of their places. */
export const hasLists = ({ type }: HostMessage): boolean =>
  type === 'state' || type === 'map' || type === 'detail' || type === 'survey' || type === 'sweep';

/** Something of each slot that has a map. */
export type Slots<T> = { readonly main: T } & Readonly<Partial<Record<SlotName, T>>>;

/** How the page draws the map: for pictures that look like it. Colors of tokens are told apart. */
export type PageView = Omit<Display, 'tokenColors'>;

export const pageView = ({
  colorBy,
  asked,
  colorRange,
  labels,
  borders,
  marks,
  ring,
  changesBy,
}: PageView): PageView => ({
  colorBy,
  ...(asked ? { asked } : {}),
  colorRange,
  labels,
  borders,
  marks,
  ring,
  ...(changesBy === undefined || changesBy === 'change' ? {} : { changesBy }),
});

/** What a person can ask of the rest of the extension. */
export const PAGE_ACTIONS = [
  'save',
  'saveAs',
  'exportPicture',
  'exportProfile',
  'copyCommandLine',
  'copyTypeScript',
  'openCopy',
  'openSavedMap',
  'showLog',
  'restartEngine',
  'helpWhat',
  'helpConvert',
  'editAndRun',
  'openAsText',
  'savePlane',
  'useView',
] as const;
export type PageAction = (typeof PAGE_ACTIONS)[number];

/** Plane coordinates of the map in a slot, which is named by its id. */
export interface PlaceOnMap {
  readonly slot: SlotName;
  readonly map: number;
  readonly x: number;
  readonly y: number;
}

/** What a person sets. The page numbers them, and shows those that the host has not heard yet as if it had. */
export type PageEdit = (
  | /** One setting has another value. */
    { readonly type: 'edit'; readonly path: SettingPath; readonly value: unknown }
    /** The interventions in another order, others, or others of them on. */
  | { readonly type: 'interventions'; readonly list: readonly Listed[] }
) & {
  /** By a slider or a key that steps; quick steps of one setting are undone together. */
  readonly step?: boolean;
  readonly number?: number;
};

export type PageMessage =
  /** `view`: null where the page remembers none and draws as the state says. */
  | { readonly type: 'ready'; readonly view: PageView | null }
  /** The last `progress` and the cells before it are on screen: more may come. */
  | { readonly type: 'drawn' }
  | PageEdit
  /** A file is to be chosen for a setting: a vector (`plane.center`), texts, one a line (`plane.sample`), a `translator`, a feature, or an autoencoder, `sae`. */
  | { readonly type: 'chooseFile'; readonly path: SettingPath; readonly content: FileContent }
  | { readonly type: 'model'; readonly path: string }
  | { readonly type: 'chooseModel' }
  | { readonly type: 'retryModel' }
  /** A saved map is to be chosen, to compare with. */
  | { readonly type: 'chooseSavedMap' }
  /** What is compared with the map becomes the panel's, and the other way around. */
  | { readonly type: 'swap' }
  /** A file is asked for: the readout through it stands beside the map. */
  | { readonly type: 'compareTranslator'; readonly readout: TranslatorKind }
  /** The same for the lens over layers and positions. */
  | { readonly type: 'lensTranslator'; readonly readout: TranslatorKind }
  | { readonly type: 'undo' }
  | { readonly type: 'redo' }
  | { readonly type: 'generate' }
  | { readonly type: 'cancel' }
  | { readonly type: 'resume' }
  | { readonly type: 'dismissFault' }
  | { readonly type: 'view'; readonly view: PageView }
  /** How far a change is followed; see {@link PanelState.live}. */
  | { readonly type: 'live'; readonly live: boolean | null }
  /**
   * The window of a map that is looked at, once it rests; null: all of it. `refine`: a detail is wanted, a map of this window
   * with as many cells.
   */
  | {
      readonly type: 'window';
      readonly slot: SlotName;
      readonly map: number;
      readonly grid: Pick<Grid, 'spacing' | 'center'> | null;
      readonly refine: boolean;
    }
  | { readonly type: 'tokenColors'; readonly slots: Readonly<Record<string, number>> }
  | { readonly type: 'copy'; readonly text: string }
  | { readonly type: 'action'; readonly action: PageAction }
  /** What the model says at a point of a map's plane. It is said to a map that is shown: coordinates are those of its plane. */
  | ({ readonly type: 'point' } & PlaceOnMap)
  /** How far the center of a shown map is from other predictions. */
  | { readonly type: 'boundaries'; readonly slot: SlotName; readonly map: number }
  /** The strongest features of the panel's autoencoder at a hidden state of a shown map. */
  | { readonly type: 'features'; readonly slot: SlotName; readonly map: number; readonly of: FeaturesOf }
  /** A feature that was told of a shown map is used. */
  | {
      readonly type: 'feature';
      readonly slot: SlotName;
      readonly map: number;
      readonly feature: number;
      readonly to: FeatureUse;
    }
  /** How far apart two whole maps are that are compared; null: that is no longer looked at. */
  | { readonly type: 'divergences'; readonly maps: readonly [main: number, other: number] | null }
  /** The plane of the panel becomes the one through its center and the two nearest boundaries around that. */
  | { readonly type: 'betweenBoundaries' }
  /** The texts that it writes from there; null: it stops writing. */
  | { readonly type: 'continue'; readonly from: WriteFrom | null }
  /** The vector at a point: as text, as a file, or as an anchor of the next plane. */
  | ({ readonly type: 'vector'; readonly to: 'clipboard' | 'file' | Anchor } & PlaceOnMap)
  /** A mistake of the page's own, for the log. */
  | { readonly type: 'mistake'; readonly message: string };
