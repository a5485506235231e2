import type { GrowingMap } from '../engine/client.js';
import { surveyedAs } from '../map/dependence.js';
import { gramOf } from '../map/plane.js';
import { refinement } from '../map/refinement.js';
import type { MapParameters, MapSpecification } from '../map/specification.js';
import type { Survey } from '../map/survey.js';
import type { Token } from '../map/token.js';
import { emptyCellsOf, type ModelFacts, type TokenMap } from '../map/tokenMap.js';
import type { Device } from '../protocol/engine.js';
import type { Finish, ShownMap } from '../protocol/page.js';
import { packRegions } from '../protocol/pageRegions.js';
import { fewerTokens, pageTopK } from './pageCells.js';

/** What a map was asked to be: a resumed run asks the same again. */
export interface Asked {
  readonly modelPath: string;
  readonly device: Device;
  readonly parameters: MapParameters;
}

/** Names what depends on some of what was asked, of its model on its device. @param key one of `map/dependence` */
export const askedKey = (
  { modelPath, device, parameters }: Asked,
  key: (parameters: MapParameters) => string,
): string => JSON.stringify([modelPath, device, key(parameters)]);

/** Whether what depends on some of what was asked is the same. */
export const sameAsked = (a: Asked, b: Asked, key: (parameters: MapParameters) => string): boolean =>
  askedKey(a, key) === askedKey(b, key);

/** A map of a panel: growing, stopped or complete. */
export interface MapRecord extends GrowingMap, Asked {
  readonly id: number;
  /** Overlays in it may change: no cell depends on them. */
  parameters: MapParameters;
  specification: MapSpecification;
  /** Of its plane, as soon as it is known. */
  survey: Survey | undefined;
  readonly facts: ModelFacts;
  /** Cells that are there. */
  done: number;
  /** Computing time of earlier, stopped runs. */
  secondsBefore: number;
  /** What came with the last cell; until then cells are missing. */
  finished: Finished | undefined;
}

/** What a whole map adds to its cells. */
export type Finished = Pick<TokenMap, 'plane' | 'runtime' | 'regions'>;

/** The map of a record; undefined while cells are missing. */
export function wholeMapOf(record: MapRecord | undefined): TokenMap | undefined {
  if (!record?.finished) return undefined;
  const { specification, facts, cells, tokens, survey, finished } = record;
  return { specification, facts, cells, tokens, ...finished, ...(survey ? { survey } : {}) };
}

/** Room for a map. */
export const emptyGrowing = (parameters: MapParameters): GrowingMap => ({
  cells: emptyCellsOf(parameters),
  tokens: new Map(),
});

export const newRecord = (
  id: number,
  asked: Asked,
  specification: MapSpecification,
  facts: ModelFacts,
  growing: GrowingMap,
): MapRecord => ({
  id,
  modelPath: asked.modelPath,
  device: asked.device,
  parameters: asked.parameters,
  specification,
  facts,
  cells: growing.cells,
  tokens: growing.tokens,
  survey: undefined,
  done: 0,
  secondsBefore: 0,
  finished: undefined,
});

/** Cells that a first pass computes, one of every block of 16 x 16: from then on a whole picture stands. */
export const firstPass = ({ columns, rows }: { columns: number; rows: number }): number =>
  Math.ceil(columns / 16) * Math.ceil(rows / 16);

/** Which cells these are. */
export function firstPassCells({ columns, rows }: { columns: number; rows: number }): Int32Array {
  const { cells, passes } = refinement(columns, rows);
  return cells.slice(0, passes[0]?.end);
}

export function missing({ cells }: MapRecord): Int32Array {
  const indices = new Int32Array(cells.computed.length);
  let count = 0;
  cells.computed.forEach((there, cell) => {
    if (!there) indices[count++] = cell;
  });
  return indices.slice(0, count);
}

/** Gives a map another survey of its scene, and the parameters that it was made with. */
export function surveyed(record: MapRecord, survey: Survey, parameters: MapParameters): void {
  record.survey = survey;
  record.parameters = surveyedAs(record.parameters, parameters);
  record.specification = surveyedAs(record.specification, parameters);
}

/** For the page: all that is there. */
export function shownMap(record: MapRecord): ShownMap {
  const { id, specification, facts, cells, tokens, finished, survey } = record;
  return {
    id,
    specification,
    facts,
    cells: fewerTokens(cells, pageTopK(cells)),
    tokens: [...tokens.values()],
    finish: finished ? finishOf(finished) : null,
    survey: survey ?? null,
  };
}

/** For the page: a map of a sweep, as much of it as a small picture and a curve need. */
export const sweptMap = (record: MapRecord): ShownMap => ({
  ...shownMap(record),
  cells: fewerTokens(record.cells, 2),
  finish: record.finished ? { ...finishOf(record.finished), regions: null } : null,
  survey: null,
});

/** For the page: what a whole map adds to its cells. */
export const finishOf = ({ runtime, plane, regions }: Finished): Finish => ({
  runtime,
  gram: gramOf(plane),
  regions: regions ? packRegions(regions) : null,
});

/** Tokens that a map's regions are listed with. */
export const regionTokens = ({ finished, tokens }: MapRecord): Token[] =>
  (finished?.regions?.polygons ?? []).flatMap(({ token }) => tokens.get(token) ?? []);
