import { t } from '@vscode/l10n';
import type * as vscode from 'vscode';
import { computeMap } from '../engine/client.js';
import type { EngineLease } from '../host/engineLease.js';
import { parseParameters } from '../map/specification.js';
import type { TokenMap } from '../map/tokenMap.js';
import type { MapEvent } from '../protocol/engine.js';
import type { GenerateOptions, GenerateSpecification } from './api.js';
import { findModel, openModel } from './modelFinder.js';
import type { Services } from './services.js';

/** Computes a map for another extension: see `EmbeddingGridApi.generate`. */
export async function generate(
  services: Pick<Services, 'engines' | 'models' | 'settings'>,
  specification: GenerateSpecification = {},
  { progress, token }: GenerateOptions = {},
): Promise<TokenMap> {
  const { settings } = services;
  const { model, ...asked } = specification;
  const parameters = parseParameters({ ...settings.parameters, ...asked });
  const { signal, stop } = signalOf(token);
  let lease: EngineLease | undefined;
  try {
    lease = await openAsked(services, model, signal);
    return await computeMap(
      lease.engine,
      { parameters, batchSize: settings.batchSize },
      { signal, ...(progress === undefined ? {} : { onEvent: reportTo(progress) }) },
    );
  } finally {
    stop();
    lease?.release();
  }
}

async function openAsked(
  services: Pick<Services, 'engines' | 'models' | 'settings'>,
  model: GenerateSpecification['model'],
  signal: AbortSignal,
): Promise<EngineLease> {
  const { models, settings } = services;
  if (typeof model === 'object') return (await findModel(services, model, settings.device, signal)).lease;
  return openModel(services, model ?? settings.defaultModel ?? models.bundled, settings.device, signal);
}

/** Percent of the cells that are done, as increments. */
function reportTo(progress: NonNullable<GenerateOptions['progress']>): (event: MapEvent) => void {
  let reported = 0;
  return (event) => {
    if (event.kind !== 'cells') return;
    const percent = (100 * event.done) / event.total;
    progress.report({ increment: percent - reported, message: t('{0} of {1} cells', event.done, event.total) });
    reported = percent;
  };
}

/** A signal that fires with the token; `stop` ends listening. */
function signalOf(token: vscode.CancellationToken | undefined): { signal: AbortSignal; stop: () => void } {
  const abort = new AbortController();
  if (token?.isCancellationRequested === true) abort.abort();
  const listening = token?.onCancellationRequested(() => abort.abort());
  return { signal: abort.signal, stop: () => void listening?.dispose() };
}
