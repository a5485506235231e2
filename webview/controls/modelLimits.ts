import { t } from '@vscode/l10n';
import {
  type Center,
  contextOf,
  type Direction,
  type FieldFault,
  type MapParameters,
} from '../../src/map/specification.js';
import type { ModelSummary } from '../../src/protocol/page.js';

/** What is wrong with parameters for this model, though they are right in themselves. */
export function modelFaults(parameters: MapParameters, { facts, readouts, contexts }: ModelSummary): FieldFault[] {
  const faults: FieldFault[] = [];
  const last = facts.blocks - 1;
  if (typeof parameters.layer === 'number' && parameters.layer > last) {
    faults.push({ path: 'layer', message: t('the model’s layers are 0 to {0}', last) });
  }
  const readout = readouts[parameters.readout];
  if (!readout.ok) faults.push({ path: 'readout', message: readout.reason });
  const { kind } = contextOf(parameters);
  const context = kind === 'tokens' ? { ok: true as const } : contexts[kind];
  if (!context.ok) faults.push({ path: 'context', message: context.reason });
  const { axes } = parameters.plane;
  if (axes.method === 'direct') {
    axes.dimensions.forEach((dimension, i) => {
      if (dimension >= facts.hiddenSize) {
        faults.push({
          path: `plane.axes.dimensions.${i}`,
          message: t('the model’s dimensions are 0 to {0}', facts.hiddenSize - 1),
        });
      }
    });
    if (axes.dimensions[0] === axes.dimensions[1]) {
      faults.push({ path: 'plane.axes.dimensions.1', message: t('two different dimensions span a plane') });
    }
  }
  const { center } = parameters.plane;
  const sources: [string, Center | Direction][] = [['plane.center', center]];
  if (axes.method === 'directions') sources.push(['plane.axes.x', axes.x], ['plane.axes.y', axes.y]);
  for (const [path, source] of sources) {
    const text = source.kind === 'prompt' || source.kind === 'mean';
    if (text && !contexts.prompt.ok) faults.push({ path, message: contexts.prompt.reason });
  }
  if (axes.method === 'pca_basis' && !contexts.prompt.ok)
    faults.push({ path: 'plane.axes', message: contexts.prompt.reason });
  if (center.kind === 'texts' && axes.method !== 'pca_basis')
    faults.push({ path: 'plane.center', message: t('only the principal plane has texts') });
  return faults;
}
