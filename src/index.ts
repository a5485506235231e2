export { planeOf } from './map/plane.js';
export type { MapSpecification } from './map/specification.js';
