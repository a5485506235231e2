import { t } from '@vscode/l10n';
import { interventionsAbove, vectorInterventions } from '../../src/map/interventions.js';
import { layerIndex } from '../../src/map/specification.js';
import type { HostState } from '../../src/protocol/page.js';
import type { Listed } from '../../src/protocol/panelSettings.js';
import { lastLayer, layerOf } from './layers.js';
import { vectorProblem } from './tokenProblem.js';

/** Why there is no map, where that is an intervention's fault: the rows that it can be, and the reason. */
export function refusalOf({
  fault,
  obstacle,
  interventions,
}: HostState): { readonly rows: readonly number[]; readonly message: string } | undefined {
  const told = obstacle ?? fault;
  const acting = interventions.some(({ on }) => on);
  if (!told || !acting || !/^(model-unsupported|bad-parameter)$/.test(told.code)) return undefined;
  const { message, hint } = told;
  const whole = hint === undefined ? message : `${message} ${hint}`;
  const named = interventions.flatMap(({ on, intervention: one }, i) => {
    const vector = one.kind === 'add' ? one.vector : one.kind === 'project' ? one.direction : undefined;
    return on && vector && vectorProblem(told, vector) !== undefined ? [i] : [];
  });
  if (named.length > 0) return { rows: named, message: whole };
  const [, block] = /\b[Bb]lock (\d+)/.exec(message) ?? [];
  const concerned = (kinds: RegExp): number[] =>
    interventions.flatMap(({ on, intervention: one }, i) =>
      on && kinds.test(one.kind) && (block === undefined || one.block === Number(block)) ? [i] : [],
    );
  const rows = /attention head|many attention|this part/.test(message)
    ? concerned(/zero|mean|freeze/)
    : message.includes('frozen')
      ? concerned(/freeze/)
      : message.includes('direction')
        ? concerned(/project/)
        : message.includes('intervention')
          ? concerned(/./)
          : undefined;
  return rows && { rows, message: whole };
}

/** What is worth knowing of an intervention: that it does nothing. */
export function noteOf(host: HostState, { on, intervention }: Listed): string | undefined {
  const { readout } = host.settings.parameters;
  if (!on)
    return 'part' in intervention && intervention.heads?.join() === '0'
      ? t('Off until a head is chosen, or the box is ticked for head 0.')
      : undefined;
  const layer = layerIndex(layerOf(host));
  const above = interventionsAbove([intervention], layer).length > 0;
  if (above && readout !== 'forward') return t('Behind the map’s layer: with this readout it does nothing.');
  const onVector = vectorInterventions([intervention], layer).length > 0;
  return !above && !onVector && showsNoState(host)
    ? t(
        'In front of the map’s layer, on a plane without a prompt: it changes nothing here. Choose a prompt as the center.',
      )
    : undefined;
}

/** Nothing that is drawn comes of a hidden state: the plane is laid without any, and behind its layer no position sees another. */
function showsNoState(host: HostState): boolean {
  const { readout, plane } = host.settings.parameters;
  const { center, axes, lengths } = plane;
  const straight = readout !== 'forward' || layerIndex(layerOf(host)) === lastLayer(host);
  const laidAlone = axes.method === 'random_projection' || axes.method === 'replicated';
  return host.model.status === 'ready' && straight && center.kind === 'origin' && laidAlone && lengths === 'own';
}
