import type { PlaneParameters } from '../../src/map/specification.js';

/** A plane through given vectors, each as base64 of little-endian float32. */
export const givenPlane = ({ c, u, v }: { c: string; u: string; v: string }): PlaneParameters => ({
  axes: { method: 'directions', x: { kind: 'vector', vector: u }, y: { kind: 'vector', vector: v } },
  center: { kind: 'vector', vector: c },
  orthogonal: false,
  lengths: 'own',
  sample: null,
});
