import { t } from '@vscode/l10n';
import { tokenText } from '../display.js';
import { formatShort } from '../numbers.js';
import type { CenterBoundary } from '../survey.js';

/** `nearest boundary (Rome) 0.02 × the state's norm, 30 × closer than along these axes` */
export function boundaryLine({ token, relative, axes }: CenterBoundary): string {
  const near = t("nearest boundary ({0}) {1} × the state's norm", tokenText(token, 24), rounded(relative));
  if (axes === null) return t('{0}; along these axes there is none', near);
  return axes < 1.05 * relative
    ? t('{0}, along these axes', near)
    : t('{0}, {1} × closer than along these axes', near, rounded(axes / relative));
}

const rounded = (value: number): string => formatShort(Number(value.toPrecision(2)));
