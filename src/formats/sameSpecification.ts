import type { MapSpecification } from '../map/specification.js';

/** Whether two specifications describe the same map. */
export const sameSpecification = (a: MapSpecification, b: MapSpecification): boolean => canonical(a) === canonical(b);

/** JSON with sorted keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
