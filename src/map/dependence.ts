import { actsBehind, statesInterventions } from './interventions.js';
import { sortedJson } from './json.js';
import {
  isTranslated,
  contextOf,
  type Direction,
  type Layer,
  layerIndex,
  type MapParameters,
  type MapSpecification,
  type PlaneParameters,
  type VectorSource,
} from './specification.js';

/**
 * What depends on what: which parameters decide each thing that is worked out on the way to a map. The key of every cache and every
 * "is it the same?" are taken from here. Equal keys mean equal results, of one model on one device; equal results may have two keys,
 * as the last layer has that is written `last` and as its number. An engine gives parameters as the model reads them (that layer's
 * number, a prompt's tokens), and so finds more of them equal.
 */

type Laid = Pick<MapParameters, 'layer' | 'interventions' | 'readout' | 'plane'>;
interface Sampled {
  readonly layer: Layer | 'last';
  readonly interventions: MapParameters['interventions'];
  readonly plane: Pick<PlaneParameters, 'sample'>;
}

/** All interventions lie below a layer whose number is not known. */
const states = ({ layer, interventions }: Pick<MapParameters, 'layer' | 'interventions'>): unknown[] => [
  layer,
  layer === 'last' ? interventions : statesInterventions(interventions, layerIndex(layer)),
];

/** What acts on the grid's vector itself where head or final norm follow at once, and may depend on its position. */
const onVector = ({
  layer,
  interventions,
  ...rest
}: Pick<MapParameters, 'layer' | 'interventions' | 'context' | 'plane'>) => {
  const acting = interventions.filter(
    (one) => actsBehind(one) && (layer === 'last' || one.block === layerIndex(layer)),
  );
  return acting.length === 0 ? [] : [layer, acting, contextOf(rest)];
};

const norms = ({ layer, interventions, plane: { sample } }: Sampled): unknown[] => [
  states({ layer, interventions }),
  sample,
];

const plane = (parameters: Laid): unknown[] => {
  const { sample, ...shape } = parameters.plane;
  const typical = shape.lengths === 'typical';
  return [
    shape,
    isLaidAnywhere(parameters.plane) ? null : states(parameters),
    parameters.readout === 'unembed', // the head's own input, which may have another width
    typical && norms(parameters),
  ];
};

const rows = (parameters: Laid & Pick<MapParameters, 'masked' | 'context' | 'translator'>): unknown[] => {
  const { readout, translator, masked, layer } = parameters;
  const through = isTranslated(readout) && [readout, translator, layer];
  return [plane(parameters), masked, onVector(parameters), through];
};

/** Whatever is not known to change no cell counts: a parameter that is new does, too. */
const cells = (parameters: MapParameters): unknown[] => {
  const { overlays, ...rest } = parameters;
  return [{ ...rest, plane: plane(parameters), context: contextOf(parameters) }];
};

const survey = (parameters: MapParameters): unknown[] => {
  const { overlays, grid } = parameters;
  const window = overlays.some(({ kind }) => kind === 'rows') ? grid : null; // rows are looked for in it
  const everywhere = overlays.some(({ kind }) => kind === 'layers') ? parameters.interventions : null;
  return [plane(parameters), norms(parameters), overlays, window, everywhere];
};

/** What the model says of texts that are shown, and of a real state at the center. */
const told = (parameters: MapParameters): unknown[] => {
  const { overlays, plane, layer, readout, translator, masked, interventions } = parameters;
  if (!isRealState(plane.center) && !overlays.some(({ kind }) => kind === 'state')) return [];
  return [layer, readout, isTranslated(readout) && translator, masked, interventions, contextOf(parameters)];
};

/** Whether a center is a hidden state that the model has, not a vector that was made. */
export const isRealState = ({ kind }: PlaneParameters['center']): boolean => kind === 'prompt' || kind === 'tokens';

/** As of the cells: whatever is not known to cost nothing counts. */
const speed = (parameters: MapParameters): unknown[] => {
  const { grid, plane, overlays, interventions, ...rest } = parameters;
  const context = contextOf(parameters);
  const sizes = context.kind === 'tokens' ? [context.ids.length, context.position ?? -1] : context;
  return [{ ...rest, context: sizes }, interventions.length];
};

const key =
  <P>(decide: (parameters: P) => unknown) =>
  (parameters: P): string =>
    canonical(decide(parameters));

/** Hidden states of any text at the map's layer. */
export const statesKey = key(states);
/** Norms of the sample's hidden states. */
export const normsKey = key(norms);
/** The plane's vectors, and what it is laid through. One that needs nothing of the model is the same at every layer. */
export const planeKey = key(plane);
/** Where a plane lies and the states of which layer are seen from it: marks and norms of one such plane fit on another. */
export const sceneKey = key((parameters: Laid) => [plane(parameters), states(parameters)]);
/** Rows that stand for all logits on the plane, without its grid: of an affine readout. */
export const rowsKey = key(rows);
/** The cells. */
export const cellsKey = key(cells);
/** Marks and norms of the plane. */
export const surveyKey = key(survey);
/** What the model says of texts that are shown, and of the center. */
export const toldKey = key(told);
/** What a cell takes. */
export const speedKey = key(speed);

/** Parameters of the same cells, surveyed as others of the same scene are. */
export function surveyedAs<P extends MapParameters>(parameters: P, { overlays, plane: { sample } }: MapParameters): P {
  return { ...parameters, plane: { ...parameters.plane, sample }, overlays };
}

/** Whether two specifications describe the same map. */
export const sameSpecification = (a: MapSpecification, b: MapSpecification): boolean => canonical(a) === canonical(b);

/** Data as a text that is the same for the same meaning: keys are sorted, and what a prompt leaves out stands for its default. */
export const canonical = (data: unknown): string =>
  sortedJson(data, (name, value) => !((name === 'chat' && value === false) || (name === 'position' && value === -1)));

/** Whether a plane needs no hidden state, so that it is the same at every layer. */
function isLaidAnywhere({ axes, center, lengths }: PlaneParameters): boolean {
  const needsNone = ({ kind }: VectorSource | Direction | { kind: 'origin' | 'texts' }): boolean =>
    kind === 'origin' || kind === 'vector' || kind === 'row' || kind === 'random';
  return (
    lengths !== 'typical' &&
    needsNone(center) &&
    axes.method !== 'pca_basis' &&
    (axes.method !== 'directions' || (needsNone(axes.x) && needsNone(axes.y)))
  );
}
