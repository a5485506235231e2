import { t } from '@vscode/l10n';
import { interventionsAbove } from '../../src/map/interventions.js';
import { layerIndex } from '../../src/map/specification.js';
import type { HostState } from '../../src/protocol/page.js';
import type { Listed } from '../../src/protocol/panelSettings.js';
import { layerOf } from './layers.js';

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
  return rows && { rows, message: hint === undefined ? message : `${message} ${hint}` };
}

/** What is worth knowing of an intervention: that it does nothing. */
export function noteOf(host: HostState, { on, intervention }: Listed): string | undefined {
  const { readout } = host.settings.parameters;
  if (!on || readout === 'forward') return undefined;
  return interventionsAbove([intervention], layerIndex(layerOf(host))).length > 0
    ? t('Behind the map’s layer: with this readout it does nothing.')
    : undefined;
}
