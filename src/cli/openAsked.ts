import { bundledModel } from '../host/installation.js';
import { type OpenedModel, openModel, openSavedModel, type OpenOptions } from '../host/openModel.js';
import type { SavedSpecification } from '../host/readSpecification.js';
import type { OpeningChoices } from './computing.js';
import { engineLog, openingProgress, type Output } from './progress.js';

/** A command's choices as the host takes them; with `--debug` the engine's log goes to `err`. */
export const openOptions = (
  { device, cudaLibraries, memory, skipChecks, debug }: OpeningChoices,
  err: Output,
  signal: AbortSignal,
): OpenOptions => ({
  ...{ device, cudaLibraries, memory, signal },
  ...(skipChecks === undefined ? {} : { skipChecks }),
  ...(debug ? { log: engineLog(err) } : {}),
});

export interface ModelAsked extends OpeningChoices {
  /** Undefined: the bundled one. */
  readonly model: string | undefined;
}

/** Opens the model that a command names; what a person waits for is told on `err`. @throws Fault. */
export function openAsked(command: ModelAsked, err: Output, signal: AbortSignal): Promise<OpenedModel> {
  const opening = openingProgress(err);
  const options = { ...openOptions(command, err, signal), onOpening: opening.onOpening };
  return openModel(command.model ?? bundledModel, options).finally(opening.end);
}

/**
 * Opens the model that was named, else the one of the saved map that is drawn again, else the bundled one.
 * @param note hears that the model is not the saved map's
 * @throws Fault.
 */
export async function openNamedOrSaved(
  command: ModelAsked & { readonly specification: string | undefined; readonly quiet: boolean },
  saved: SavedSpecification | undefined,
  { note, err, signal }: { readonly note: (text: string) => void; readonly err: Output; readonly signal: AbortSignal },
): Promise<OpenedModel> {
  const { model, specification, quiet } = command;
  const opening = openingProgress(err);
  const options = { ...openOptions(command, err, signal), ...(quiet ? {} : { onOpening: opening.onOpening }) };
  if (model === undefined && saved?.model !== undefined && specification !== undefined)
    return openSavedModel(saved.model, specification, options).finally(opening.end);
  const opened = await openModel(model ?? bundledModel, options).finally(opening.end);
  if (saved?.model !== undefined && opened.description.reference.sha256 !== saved.model.sha256)
    note('This is not the model of the saved map: its structure or weights differ.');
  return opened;
}
