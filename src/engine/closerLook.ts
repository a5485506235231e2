import { gridWindow } from '../map/grid.js';
import { PAGE_TOKENS } from '../map/pageFile/pageFile.js';
import { questionsOf } from '../map/questions.js';
import type { CloserLook } from '../map/rows/windowRows.js';
import type { MapParameters } from '../map/specification.js';
import { newTokens } from './newTokens.js';
import type { Opened } from './opened.js';
import { readParameters } from './reading.js';

/**
 * The rows that any window of a map is computed from, where it is three of them and asks nothing: an answer needs more than its
 * tokens' rows. null: it is none of these. @throws Fault as {@link readParameters}
 */
export async function closerLookOf(opened: Opened, parameters: MapParameters): Promise<CloserLook | null> {
  const reading = await readParameters(opened, parameters);
  const affine =
    questionsOf(parameters).length > 0 ? undefined : await reading.ground.sources.affine(reading, parameters);
  if (!affine) return null;
  const rows = affine.windowRows(gridWindow(parameters.grid), Math.min(parameters.topK, PAGE_TOKENS));
  const near = Int32Array.from(rows.near, (place) => rows.ids[place] ?? 0);
  return { rows, tokens: newTokens(near, opened.model) };
}
