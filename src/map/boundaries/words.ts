import { tokenText } from '../display.js';
import { formatShort } from '../numbers.js';
import type { CenterBoundary } from '../survey.js';

/** `nearest boundary (Rome) 0.02 × the state's norm, 30 × closer than along these axes` */
export function boundaryLine({ token, relative, axes }: CenterBoundary): string {
  const near = `nearest boundary (${tokenText(token, 24)}) ${rounded(relative)} × the state's norm`;
  if (axes === null) return `${near}; along these axes there is none`;
  return axes < 1.05 * relative
    ? `${near}, along these axes`
    : `${near}, ${rounded(axes / relative)} × closer than along these axes`;
}

const rounded = (value: number): string => formatShort(Number(value.toPrecision(2)));
