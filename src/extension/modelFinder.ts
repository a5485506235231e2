import { t } from '@vscode/l10n';
import type { EngineLease } from '../host/engineLease.js';
import { locateModel } from '../hub/cache.js';
import { Fault } from '../map/fault.js';
import type { ModelReference } from '../map/specification.js';
import type { Device, OpenEvent } from '../protocol/engine.js';
import type { Services } from './services.js';
import { requireTrust } from './trust.js';

/** An open model and where it lies. */
export interface FoundModel {
  readonly path: string;
  readonly lease: EngineLease;
}

/**
 * Opens the model at a path, or of a name in the Hugging Face cache, if it may be opened.
 * @throws Fault of the engine's `open`, or `model-not-found` for a folder that is not trusted and for a name that is not there.
 */
export async function openModel(
  { engines }: Pick<Services, 'engines'>,
  path: string,
  device: Device,
  signal: AbortSignal,
  onOpening?: (event: OpenEvent) => void,
): Promise<EngineLease> {
  const place = locateModel(path);
  await requireTrust(place);
  return engines.acquire(place, device, { signal, onOpening });
}

/**
 * Finds and opens the model of a saved map by its hash, wherever it lies now: in the models that this window knows of.
 * @throws Fault `model-not-found` where none of them is it.
 */
export async function findModel(
  services: Pick<Services, 'engines' | 'models'>,
  wanted: ModelReference,
  device: Device,
  signal: AbortSignal,
): Promise<FoundModel> {
  for (const path of await services.models.candidates(wanted)) {
    const lease = await openModel(services, path, device, signal).catch((error: unknown) => {
      if (signal.aborted) throw error;
      return undefined; // a candidate that cannot be opened is not it
    });
    if (lease?.description.reference.sha256 === wanted.sha256) return { path, lease };
    lease?.release();
  }
  throw new Fault({
    code: 'model-not-found',
    message: t('The model "{0}" of this map was not found.', wanted.name),
    hint: t('Choose it once, and its maps find it again wherever it lies.'),
  });
}
