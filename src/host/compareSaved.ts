import { readMap } from '../formats/readMap.js';
import { type CellDivergences, compareMaps, haveOneVocabulary, type MapComparison } from '../map/compare/comparison.js';
import { Fault } from '../map/fault.js';
import { DEFAULT_BATCH_SIZE, parametersOf } from '../map/specification.js';
import type { TokenMap } from '../map/tokenMap.js';
import { cancelled } from '../protocol/channel.js';
import type { BesideParams } from '../protocol/engine.js';
import { divergencesBetween } from './series/divergences.js';
import { type OpenedModel, openSavedModel, type OpenOptions } from './openModel.js';

export interface CompareOptions extends OpenOptions {
  /** Cells in one run, at most. */
  readonly batchSize?: number;
  /** Hears for how many cells the divergences are known. */
  readonly onProgress?: (done: number, total: number, secondsLeft: number) => void;
}

/** Two saved maps beside each other. */
export interface ComparedFiles {
  readonly comparison: MapComparison;
  /** Why there are no divergences, a sentence; undefined where there are. */
  readonly withoutDivergences: string | undefined;
}

/**
 * Compares two saved maps. Divergences are over the whole vocabulary, which no file holds: both models are opened in one engine,
 * where they are still to be found.
 * @throws Fault `file` for what is no saved map, `bad-parameter` for maps of different grids, `cancelled`.
 */
export async function compareSaved(fileA: string, fileB: string, options: CompareOptions): Promise<ComparedFiles> {
  const [a, b] = [await readMap(fileA), await readMap(fileB)];
  const comparison = compareMaps(a, b); // what cannot be compared is said before a model is opened
  if (!haveOneVocabulary(a, b))
    return { comparison, withoutDivergences: 'The two models have different vocabularies.' };
  try {
    const divergences = await divergencesOf([a, fileA], [b, fileB], options);
    return { comparison: compareMaps(a, b, divergences), withoutDivergences: undefined };
  } catch (thrown) {
    if (options.signal?.aborted) throw cancelled();
    return { comparison, withoutDivergences: Fault.from(thrown).message };
  }
}

/**
 * Two maps beside each other, each here or saved. Divergences are had of two saved ones alone, see {@link compareSaved}.
 * @throws Fault as {@link compareSaved}.
 */
export async function compareEither(
  a: TokenMap | string,
  b: TokenMap | string,
  options: CompareOptions,
): Promise<ComparedFiles> {
  if (typeof a === 'string' && typeof b === 'string') return compareSaved(a, b, options);
  const mapOf = async (map: TokenMap | string): Promise<TokenMap> => (typeof map === 'string' ? readMap(map) : map);
  return {
    comparison: compareMaps(await mapOf(a), await mapOf(b)),
    withoutDivergences: 'Divergences are had of two saved maps.',
  };
}

type SavedMap = readonly [map: TokenMap, file: string];

async function divergencesOf(
  [a, fileA]: SavedMap,
  [b, fileB]: SavedMap,
  { batchSize = DEFAULT_BATCH_SIZE, onProgress, ...options }: CompareOptions,
): Promise<CellDivergences> {
  const beside = await besideOf(a, [b, fileB], options);
  const { engine } = await openSavedModel(a.specification.model, fileA, options);
  try {
    const params = { parameters: parametersOf(a.specification), beside, batchSize };
    return await divergencesBetween(engine, params, { signal: options.signal, onProgress });
  } finally {
    await engine.dispose();
  }
}

/** The map that stands beside A, and where its model lies, if that is another one. */
async function besideOf(a: TokenMap, [b, file]: SavedMap, options: OpenOptions): Promise<BesideParams> {
  const parameters = parametersOf(b.specification);
  if (a.specification.model.sha256 === b.specification.model.sha256) return { parameters };
  const { engine, description }: OpenedModel = await openSavedModel(b.specification.model, file, options);
  await engine.dispose();
  const { device, memory } = options;
  return { parameters, model: { path: description.path, device, ...(memory === undefined ? {} : { memory }) } };
}
