import { t } from '@vscode/l10n';
import { actsBehind, type Intervention, interventionsAbove, vectorInterventions } from '../../src/map/interventions.js';
import { layerBrief } from '../../src/map/naming.js';
import { type AxisValue, MODEL_PATH } from '../../src/map/series/series.js';
import { checkParameters, type Layer, layerIndex } from '../../src/map/specification.js';
import type { HostState } from '../../src/protocol/page.js';
import { lastLayer, layerOf } from '../controls/layers.js';

/**
 * Why what two compared maps differ in cannot show in their cells, and what to choose instead; undefined where it can. What stands in
 * front of the vectors acts on own planes, which are laid with it; on a shared one nothing is left of it.
 */
export function silenceOf(host: HostState): string | undefined {
  const { compare, settings, model } = host;
  if (compare?.kind !== 'computed' || model.status !== 'ready') return undefined;
  const { path, value, plane } = compare;
  const { parameters } = settings;
  const { readout } = parameters;
  const layer = layerIndex(layerOf(host));
  const isForward = readout === 'forward';
  const isLast = layer === lastLayer(host);
  const shared = plane === 'shared';

  if (path === 'context' && isForward && isLast)
    return t(
      'Behind the last layer no position sees another: the context changes nothing here. Choose an earlier layer.',
    );
  if (path === 'context' && !isForward)
    return t('This readout sees the vector alone: the context changes nothing here. Choose the readout Forward.');
  if (path === 'readout' && isLast && [readout, value].every((one) => one === 'forward' || one === 'lens'))
    return t('At the last layer the logit lens is the model’s own readout. Choose an earlier layer.');
  if (!shared) return undefined;
  if (path === 'layer' && (readout === 'lens' || readout === 'unembed'))
    return t('This readout leaves all blocks out: the same vectors say the same at every layer. Choose Own Planes.');
  if (path.startsWith('plane.'))
    return t('Both maps have the same vectors, whatever their planes are laid through. Choose Own Planes.');
  if (path === MODEL_PATH && (isLast || !isForward))
    return t(
      'The shared vectors enter behind all blocks: nothing but the heads of both models can show here. Choose Own Planes, or an earlier layer.',
    );
  return path === 'interventions' ? silentInterventions(host, value, layer) : undefined;
}

function silentInterventions({ settings }: HostState, value: AxisValue, layer: number): string | undefined {
  const { parameters } = settings;
  const other = checkParameters({ ...parameters, interventions: value });
  if ('faults' in other) return undefined;
  const isForward = parameters.readout === 'forward';
  const acting = (all: readonly Intervention[]): readonly Intervention[] => [
    ...vectorInterventions(all, layer),
    ...(isForward ? interventionsAbove(all, layer) : []),
  ];
  const sides = [parameters.interventions, other.parameters.interventions];
  if (new Set(sides.map((all) => JSON.stringify(acting(all)))).size > 1) return undefined;
  const why = t('The shared vectors enter behind this part: nothing it does can show here.');
  if (!isForward && sides.flat().some(({ block }) => block > layer))
    return t(
      'This readout leaves the blocks behind the layer out: nothing of this part can show here. Choose the readout Forward.',
    );
  // The highest layer whose vectors one of them still acts on.
  const latest = Math.max(...sides.flat().map((one) => (actsBehind(one) ? one.block : one.block - 1)));
  if (!isForward || !Number.isFinite(latest)) return `${why} ${t('Choose Own Planes.')}`;
  const at: Layer = latest < 0 ? 'embeddings' : latest;
  return `${why} ${t('Choose Own Planes, or {0} or an earlier one.', layerBrief(at))}`;
}
