import { Fault } from '../map/fault.js';
import { normsKey, planeKey, statesKey } from '../map/dependence.js';
import { axesOf, axisLength, dot, gramOf, type Plane, projectOnto, shapedPlane } from '../map/plane.js';
import { gridWindow, type MapWindow } from '../map/grid.js';
import { type PrincipalAxes, principalAxesInSteps } from '../map/pca.js';
import {
  type Direction,
  type Grid,
  type Layer,
  LIMITS,
  type MapParameters,
  type Overlay,
  type PlaneParameters,
  type Prompt,
  type VectorSource,
} from '../map/specification.js';
import { type Mark, type Norms, type Survey, typicalNorm } from '../map/survey.js';
import { decodeVector } from '../map/vector.js';
import { stopIfCancelled } from '../protocol/channel.js';
import { Kept } from './kept.js';
import type { Model } from './model/model.js';
import { hiddenStates } from './model/running.js';
import type { Variant } from './model/variant.js';
import { allIds, readPrompt } from './prompts.js';
import { tokenId } from './question.js';
import { SAMPLE_TEXTS } from './sampleTexts.js';
import { several } from '../map/numbers.js';
import { visitTokenRows } from './tokenRows.js';

/** Hidden states, planes and norms that are kept. */
const KEPT_STATES = 1000;
const KEPT_PLANES = 8;
const KEPT_NORMS = 64;
/** Bytes of the hidden states that principal components are made from. */
const PCA_BYTES = 2 ** 30;

/** A hidden state: which position, of which tokens, at which layer. */
interface Wanted {
  readonly layer: Layer;
  readonly ids: readonly number[];
  readonly position: number;
}

/** A plane, and what it was laid through. */
export interface FoundPlane {
  readonly plane: Plane;
  readonly explained: Survey['explained'];
  /** Vectors of the real things that it was laid through. */
  readonly anchors: readonly {
    readonly badge: 'A' | 'B' | 'C';
    readonly text: string;
    readonly vector: Float32Array;
  }[];
}

/** A model's hidden space: gives vectors, planes, norms and marks their numbers, and keeps what it had to run the model for. */
export class HiddenSpace {
  private readonly states = new Kept<Float32Array>(KEPT_STATES);
  private readonly planes = new Kept<FoundPlane>(KEPT_PLANES);
  private readonly measured = new Kept<Norms>(KEPT_NORMS);
  /** Norms of the texts that were measured before it was cancelled. */
  private begun: { readonly key: string; texts: number; readonly found: number[] } | undefined;

  constructor(private readonly variant: Variant) {}

  private get model(): Model {
    return this.variant.model;
  }

  private textStates: { readonly key: string; readonly rows: Float32Array } | undefined;

  /** Of a hidden state. */
  get width(): number {
    return this.model.facts.hiddenSize;
  }

  /**
   * The plane of parameters at a layer, in a space of `width` dimensions.
   * @throws Fault `bad-parameter`, `tokenizer`
   */
  async plane(parameters: Pick<MapParameters, 'readout' | 'plane'>, layer: Layer, width: number): Promise<FoundPlane> {
    // A head that takes vectors of the blocks' own width shares their planes.
    const readout = width === this.variant.model.facts.hiddenSize ? 'forward' : parameters.readout;
    const key = planeKey({ ...parameters, layer, readout, interventions: [] });
    const kept = this.planes.get(key);
    if (kept) return kept;
    const found = await this.findPlane(parameters.plane, layer, width);
    this.planes.put(key, found);
    return found;
  }

  private async findPlane(parameters: PlaneParameters, layer: Layer, width: number): Promise<FoundPlane> {
    const { axes, center, orthogonal, lengths, sample } = parameters;
    await this.readAhead(sourcesOf(parameters), layer);
    const vector = (source: VectorSource, what: string): Promise<Float32Array> =>
      this.vector(source, layer, width, what);
    const components = axes.method === 'pca_basis' ? await this.components(axes, layer, width) : undefined;
    if (center.kind === 'texts' && !components)
      throw new Fault({
        code: 'bad-parameter',
        message: 'The mean of the texts can be the center only where the axes are their principal components.',
        hint: 'Choose the method pca_basis, or another center.',
      });
    const c =
      center.kind === 'origin'
        ? new Float32Array(width)
        : center.kind === 'texts'
          ? (components?.mean ?? new Float32Array(width))
          : await vector(center, 'The center');
    const anchors: FoundPlane['anchors'][number][] = [];
    if (center.kind !== 'origin' && center.kind !== 'texts')
      anchors.push({ badge: 'A', text: this.textOf(center), vector: c });
    const along = async (direction: Direction, what: string, badge: 'B' | 'C'): Promise<Float32Array> => {
      if (direction.kind === 'random')
        return axesOf({ method: 'random_projection', seed: direction.seed }, width)[badge === 'B' ? 'u' : 'v'];
      const end = await vector(direction, what);
      if (!isState(direction)) return end;
      anchors.push({ badge, text: this.textOf(direction), vector: end });
      return end.map((value, i) => value - (c[i] ?? 0));
    };
    const { u, v } =
      axes.method === 'directions'
        ? { u: await along(axes.x, 'The x axis', 'B'), v: await along(axes.y, 'The y axis', 'C') }
        : axes.method === 'pca_basis'
          ? { u: components?.axes[0] ?? c, v: components?.axes[1] ?? c }
          : axesOf(axes, width);
    const typical = lengths === 'typical' ? typicalNorm(await this.norms(layer, sample)) : 0;
    return {
      plane: shapedPlane({ c, u, v }, { orthogonal, length: axisLength(lengths, typical) }),
      explained: components ? { variance: components.variance, ratio: components.ratio } : null,
      anchors,
    };
  }

  /** The vectors of some sources, [width] each; the model is opened once for all. @throws Fault as {@link plane} */
  async vectors(sources: readonly VectorSource[], layer: Layer, width: number): Promise<readonly Float32Array[]> {
    await this.readAhead(sources, layer);
    return Promise.all(sources.map((source) => this.vector(source, layer, width, this.textOf(source))));
  }

  /**
   * What a source means at a layer.
   * @throws Fault `bad-parameter`, `tokenizer`
   */
  async vector(source: VectorSource, layer: Layer, width: number, what: string): Promise<Float32Array> {
    if (source.kind === 'vector') return decodeVector(source.vector, source.name ?? what, width);
    if (source.kind === 'row') {
      const found = new Float32Array(width);
      await visitTokenRows(this.variant, source.matrix, [await tokenId(this.model, source.token)], (rows) =>
        found.set(rows),
      );
      return found;
    }
    const prompts = source.kind === 'mean' ? source.prompts : [source];
    const vectors = await this.statesOf(await this.wantedAll(prompts, layer));
    const mean = new Float64Array(width);
    for (const one of vectors)
      for (let i = 0; i < width; i++) mean[i] = (mean[i] ?? 0) + (one[i] ?? 0) / vectors.length;
    const [only] = vectors;
    return vectors.length === 1 && only ? only : Float32Array.from(mean);
  }

  private async wanted(prompt: Prompt, layer: Layer): Promise<Wanted> {
    const around = await readPrompt(this.model, prompt);
    return { layer, ids: allIds(around), position: around.prefix.length };
  }

  private wantedAll(prompts: readonly Prompt[], layer: Layer): Promise<readonly Wanted[]> {
    return Promise.all(prompts.map((prompt) => this.wanted(prompt, layer)));
  }

  /** The token ids of texts. */
  private sequencesOf(texts: readonly string[]): Promise<readonly (readonly number[])[]> {
    return Promise.all(texts.map(async (text) => allIds(await readPrompt(this.model, { kind: 'prompt', text }))));
  }

  /** All hidden states of some sources in one go: the model is opened once. */
  private async readAhead(sources: readonly (VectorSource | Direction)[], layer: Layer): Promise<void> {
    const prompts = sources.flatMap((source) =>
      source.kind === 'mean' ? source.prompts : source.kind === 'prompt' || source.kind === 'tokens' ? [source] : [],
    );
    await this.statesOf(await this.wantedAll(prompts, layer));
  }

  /** [hiddenSize] each. */
  private async statesOf(wanted: readonly Wanted[]): Promise<readonly Float32Array[]> {
    const found = new Map<string, Float32Array>();
    const keyOf = (one: Wanted): string =>
      `${statesKey({ ...one, interventions: [] })} ${one.position} ${one.ids.join(',')}`;
    const missing = wanted.filter((one) => {
      const kept = this.states.get(keyOf(one));
      if (kept) found.set(keyOf(one), kept);
      return !kept;
    });
    const layers = [...new Set(missing.map(({ layer }) => layer))];
    const sequences = [...new Map(missing.map(({ ids }) => [ids.join(','), ids])).values()];
    if (missing.length > 0)
      await hiddenStates(this.variant, sequences, layers, (states, sequence) => {
        const ids = sequences[sequence];
        for (const one of missing) {
          if (one.ids.join(',') !== ids?.join(',')) continue;
          const all = states[layers.indexOf(one.layer)] ?? new Float32Array(0);
          const d = all.length / one.ids.length;
          const vector = all.slice(one.position * d, (one.position + 1) * d);
          found.set(keyOf(one), vector);
          this.states.put(keyOf(one), vector);
        }
      });
    return wanted.map((one) => found.get(keyOf(one)) ?? new Float32Array(0));
  }

  private async components(
    { texts, positions }: Extract<PlaneParameters['axes'], { method: 'pca_basis' }>,
    layer: Layer,
    width: number,
  ): Promise<PrincipalAxes> {
    const sequences = await this.sequencesOf(texts);
    // The first position is an outlier of most models: it would be the first component.
    const counts = sequences.map((ids) => (positions === 'last' ? 1 : Math.max(0, ids.length - 1)));
    const count = counts.reduce((a, b) => a + b, 0);
    if (count * width * 4 > PCA_BYTES)
      throw new Fault({
        code: 'memory',
        message: `The texts have ${count.toLocaleString('en')} hidden states of ${width} numbers: more than 1 GB.`,
        hint: 'Give fewer texts, or take their last positions only.',
      });
    const rows = new Float32Array(count * width);
    let at = 0;
    await hiddenStates(this.variant, sequences, [layer], ([states], sequence) => {
      if (!states) return;
      const part = states.subarray(states.length - (counts[sequence] ?? 0) * width);
      rows.set(part, at);
      at += part.length;
    });
    const steps = principalAxesInSteps(rows, count, width);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      await new Promise(setImmediate); // lets a cancel in
    }
  }

  /**
   * Norms of the hidden states of a sample at a layer, first positions left out.
   * @throws Fault `tokenizer` where the model has none; `cancelled`, between two texts
   */
  async norms(layer: Layer, sample: readonly string[] | null, signal?: AbortSignal): Promise<Norms> {
    const key = normsKey({ layer, interventions: [], plane: { sample } });
    const kept = this.measured.get(key);
    if (kept) return kept;
    // A person who changes something stops the measuring: it goes on where it was.
    const begun = this.begun?.key === key ? this.begun : (this.begun = { key, texts: 0, found: [] });
    const { found } = begun;
    const sequences = await this.sequencesOf((sample ?? SAMPLE_TEXTS).slice(begun.texts));
    await hiddenStates(this.variant, sequences, [layer], ([states], sequence) => {
      if (signal) stopIfCancelled(signal);
      begun.texts++;
      const ids = sequences[sequence] ?? [];
      const d = (states?.length ?? 0) / ids.length;
      for (let i = ids.length > 1 ? 1 : 0; i < ids.length; i++) {
        const state = states?.subarray(i * d, (i + 1) * d);
        if (state) found.push(Math.sqrt(dot(state, state)));
      }
    });
    found.sort((a, b) => a - b);
    const quantile = (share: number): number => {
      const at = share * (found.length - 1);
      const [low = 0, high = low] = [found[Math.floor(at)], found[Math.ceil(at)]];
      return low + (high - low) * (at - Math.floor(at));
    };
    const norms = { quantiles: Array.from({ length: 21 }, (_, i) => quantile(i / 20)), count: found.length };
    this.measured.put(key, norms);
    this.begun = undefined;
    return norms;
  }

  /** The norms, if they were measured already. */
  keptNorms(layer: Layer, sample: readonly string[] | null): Norms | undefined {
    return this.measured.get(normsKey({ layer, interventions: [], plane: { sample } }));
  }

  /** Where anchors and overlays stand on a plane. @param whole has the states of all layers @throws Fault */
  async marks(
    found: FoundPlane,
    overlays: readonly Overlay[],
    layer: Layer,
    grid: Grid,
    whole: () => Promise<HiddenSpace>,
  ): Promise<readonly Mark[]> {
    const { plane } = found;
    const gram = gramOf(plane);
    const standing = (vector: Float32Array): Pick<Mark, 'x' | 'y' | 'distance' | 'norm'> => {
      if (vector.length !== plane.c.length)
        throw new Fault({
          code: 'bad-parameter',
          message: `What should be shown has ${vector.length} dimensions, the plane has ${plane.c.length}.`,
        });
      return { ...projectOnto(plane, gram, vector), norm: Math.sqrt(dot(vector, vector)) };
    };
    const marks: Mark[] = found.anchors.map(({ badge, text, vector }) => ({
      kind: 'anchor',
      badge,
      overlay: -1,
      text,
      ...standing(vector),
    }));
    for (const [overlay, one] of overlays.entries()) {
      if (marks.length > LIMITS.marks)
        throw new Fault({
          code: 'bad-parameter',
          message: `The overlays have more than ${LIMITS.marks.toLocaleString('en')} marks.`,
          hint: 'Show fewer prompts, or shorter ones.',
        });
      if (one.kind === 'texts') continue; // many, and told apart from marks
      if (one.kind === 'rows') marks.push(...(await this.nearRows(one, overlay, plane, gridWindow(grid))));
      else marks.push(...(await this.promptMarks(one, overlay, layer, standing, whole)));
    }
    return marks;
  }

  private async promptMarks(
    { kind, prompt }: Exclude<Overlay, { kind: 'rows' | 'texts' }>,
    overlay: number,
    layer: Layer,
    standing: (vector: Float32Array) => Pick<Mark, 'x' | 'y' | 'distance' | 'norm'>,
    whole: () => Promise<HiddenSpace>,
  ): Promise<Mark[]> {
    const { tokenizer, facts } = this.model;
    const text = this.textOf(prompt);
    const one = await this.wanted(prompt, layer);
    const layers: readonly Layer[] = ['embeddings', ...Array.from({ length: facts.blocks }, (_, l) => l)];
    const wanted =
      kind === 'state'
        ? [one]
        : kind === 'layers'
          ? layers.map((l) => ({ ...one, layer: l }))
          : one.ids.map((_, position) => ({ ...one, position }));
    const vectors = await (kind === 'layers' ? await whole() : this).statesOf(wanted);
    return vectors.map((vector, i) => ({
      kind,
      overlay,
      text,
      token: tokenizer.token(one.ids[wanted[i]?.position ?? 0] ?? 0),
      layer: wanted[i]?.layer ?? layer,
      ...standing(vector),
    }));
  }

  /**
   * The hidden states of many texts at their last positions, [texts * hiddenSize]. Those of the list that was asked for last are kept.
   * @throws Fault `memory`, `tokenizer`; `cancelled`, between two texts
   */
  async lastStates(texts: readonly string[], layer: Layer, signal?: AbortSignal): Promise<Float32Array> {
    const d = this.width;
    if (texts.length * d * 4 > PCA_BYTES)
      throw new Fault({
        code: 'memory',
        message: `The hidden states of ${texts.length.toLocaleString('en')} texts are more than 1 GB.`,
        hint: 'Show fewer texts.',
      });
    const key = JSON.stringify([statesKey({ layer, interventions: [] }), texts]);
    if (this.textStates?.key === key) return this.textStates.rows;
    const rows = new Float32Array(texts.length * d);
    const sequences = await this.sequencesOf(texts);
    await hiddenStates(this.variant, sequences, [layer], ([states], sequence) => {
      if (signal) stopIfCancelled(signal);
      if (states) rows.set(states.subarray(states.length - d), sequence * d);
    });
    this.textStates = { key, rows };
    return rows;
  }

  /** Of the tokens whose rows fall into the window, those nearest to the plane. */
  private async nearRows(
    { matrix, count }: Extract<Overlay, { kind: 'rows' }>,
    overlay: number,
    plane: Plane,
    { x0, x1, y0, y1 }: MapWindow,
  ): Promise<Mark[]> {
    const { tokenizer, facts } = this.model;
    const gram = gramOf(plane);
    const d = facts.hiddenSize;
    let nearest: Mark[] = [];
    let farthest = Infinity;
    const ids = Array.from({ length: facts.vocabularySize }, (_, id) => id);
    await visitTokenRows(this.variant, matrix, ids, (rows, from) => {
      for (let i = 0; i * d < rows.length; i++) {
        const row = rows.subarray(i * d, (i + 1) * d);
        const { x, y, distance } = projectOnto(plane, gram, row);
        if (x < x0 || x > x1 || y < y0 || y > y1) continue;
        if (distance >= farthest) continue;
        if (nearest.length >= 2 * count) {
          nearest = nearest.sort((a, b) => a.distance - b.distance).slice(0, count);
          farthest = nearest.at(-1)?.distance ?? Infinity;
        }
        const token = tokenizer.token(ids[from + i] ?? 0);
        nearest.push({ kind: 'rows', overlay, text: '', token, x, y, distance, norm: Math.sqrt(dot(row, row)) });
      }
    });
    return nearest.sort((a, b) => a.distance - b.distance).slice(0, count);
  }

  /** What a source is called. */
  textOf(source: VectorSource): string {
    switch (source.kind) {
      case 'prompt':
        return source.text;
      case 'tokens':
        return this.model.tokenizer.decode(source.ids);
      case 'mean':
        return `mean of ${several(source.prompts.length, 'prompt')}`;
      case 'row':
        return `${source.matrix} of ${typeof source.token === 'number' ? `#${source.token}` : source.token}`;
      case 'vector':
        return source.name ?? 'given vector';
    }
  }
}

const isState = (source: VectorSource): boolean =>
  source.kind === 'prompt' || source.kind === 'tokens' || source.kind === 'mean';

/** Of each prompt that a plane is laid through, how many tokens it has at most. */
export const promptLengths = (plane: PlaneParameters): number[] =>
  sourcesOf(plane).flatMap((one) =>
    one.kind === 'prompt' ? [one.text.length] : one.kind === 'tokens' ? [one.ids.length] : [],
  );

const sourcesOf = ({ axes, center }: PlaneParameters): (VectorSource | Direction)[] => [
  ...(center.kind === 'origin' || center.kind === 'texts' ? [] : [center]),
  ...(axes.method === 'directions' ? [axes.x, axes.y] : []),
];
