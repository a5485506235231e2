import {
  DEFAULT_PARAMETERS,
  type MapSpecification,
  type PlaneParameters,
  type Prompt,
  type Question,
} from '../../src/map/specification.js';
import { encodeVector } from '../../src/map/vector.js';

/** What a model must know for {@link variations} to be maps of it. */
export interface Known {
  readonly hiddenSize: number;
  /** Texts of single tokens. */
  readonly tokens: readonly [string, string, string];
  readonly chat: boolean;
}

/** Changes of parameters between which every field is there to be changed, whichever variant it belongs to. */
export function variations({
  hiddenSize,
  tokens: [one, two, three],
  chat,
}: Known): readonly Partial<Omit<MapSpecification, 'layer' | 'model'>>[] {
  const text: Prompt = { kind: 'prompt', text: 'The sea', ...(chat ? { chat } : {}), position: -2 };
  const plain: Prompt = { kind: 'prompt', text: 'The sea' };
  const tokens: Prompt = { kind: 'tokens', ids: [4, 9, 2], position: 1 };
  const vector = {
    kind: 'vector',
    vector: encodeVector(new Float32Array(hiddenSize).fill(0.5)),
    name: 'steering.npz:happy',
  } as const;
  const feature: Question = {
    kind: 'feature',
    vector: encodeVector(new Float32Array(hiddenSize).fill(0.25)),
    bias: -0.5,
    threshold: 0.25,
    name: 'sae#17',
  };
  const planes: readonly Partial<PlaneParameters>[] = [
    {},
    { axes: { method: 'direct', dimensions: [3, 7] }, center: { kind: 'row', matrix: 'unembedding', token: one } },
    { axes: { method: 'replicated' }, center: vector, lengths: 'unit' },
    { axes: { method: 'pca_basis', texts: ['a', 'b', 'c'], positions: 'last' }, center: { kind: 'texts' } },
    ...[
      [text, tokens, { kind: 'mean', prompts: [text, tokens] } as const] as const,
      [tokens, { kind: 'mean', prompts: [tokens, plain] }, vector] as const,
      [{ kind: 'mean', prompts: [plain] }, { kind: 'row', matrix: 'embedding', token: 7 }, text] as const,
      [{ kind: 'mean', prompts: [tokens] }, vector, { kind: 'random', seed: 3 }] as const,
      [text, { kind: 'random', seed: 3 }, { kind: 'row', matrix: 'embedding', token: two }] as const,
      [plain, plain, tokens] as const,
      [plain, { kind: 'mean', prompts: [plain] }, { kind: 'mean', prompts: [tokens] }] as const,
    ].map(([center, x, y]): Partial<PlaneParameters> => ({
      center,
      axes: { method: 'directions', x, y },
      lengths: 'typical',
      sample: ['one', 'two'],
    })),
  ];
  return [
    ...planes.map((plane) => ({ plane: { ...DEFAULT_PARAMETERS.plane, ...plane } })),
    {
      context: { kind: 'bos' },
      question: { kind: 'set', tokens: [one, 7] },
      alsoAsked: [{ kind: 'difference', first: two, second: three }],
    },
    {
      context: text,
      question: { kind: 'probability', token: one },
      alsoAsked: [{ kind: 'pattern', pattern: '[a-c]' }],
      overlays: [{ kind: 'state', prompt: text }],
    },
    {
      context: tokens,
      question: { kind: 'difference', first: two, second: 7 },
      alsoAsked: [feature],
      masked: [three, 5],
    },
    { overlays: [{ kind: 'layers', prompt: text }], adaptive: true, question: feature },
    {
      overlays: [{ kind: 'positions', prompt: tokens }],
      question: { kind: 'divergence' },
      alsoAsked: [{ kind: 'probability', token: two }],
    },
    {
      overlays: [{ kind: 'rows', matrix: 'embedding', count: 9 }],
      question: { kind: 'pattern', pattern: 'a|c' },
      alsoAsked: [{ kind: 'set', tokens: [two, three] }],
    },
    {
      interventions: [{ kind: 'skip', block: 0 }],
      overlays: [{ kind: 'texts', texts: ['one', 'two'], labels: ['a', 'b'], colors: ['a', 'b'], shapes: ['a', 'b'] }],
    },
    { interventions: [{ kind: 'zero', block: 0, part: 'heads', heads: [1, 0] }] },
    { interventions: [{ kind: 'mean', block: 0, part: 'mlp', texts: [[4, 9, 2], 'The sea'] }] },
    { interventions: [{ kind: 'freeze', block: 0, part: 'attention', prompt: tokens }] },
    { interventions: [{ kind: 'freeze', block: 0, part: 'attention', prompt: text }] },
    ...[
      text,
      tokens,
      vector,
      { kind: 'mean', prompts: [text] } as const,
      { kind: 'mean', prompts: [tokens] } as const,
      { kind: 'row', matrix: 'embedding', token: one } as const,
      { kind: 'difference', from: [text], to: [tokens] } as const,
      { kind: 'difference', from: [tokens], to: [text] } as const,
    ].flatMap((source): Partial<MapSpecification>[] => [
      { interventions: [{ kind: 'project', block: 0, direction: source }] },
      { interventions: [{ kind: 'add', block: 0, vector: source, coefficient: 2, positions: 'last' }] },
    ]),
    { overlays: [{ kind: 'state', prompt: tokens }] },
    { overlays: [{ kind: 'layers', prompt: tokens }] },
    { overlays: [{ kind: 'positions', prompt: plain }] },
  ];
}

/** Translators, of which a model's own files would have to be there. */
export const TRANSLATED: readonly Partial<Omit<MapSpecification, 'layer' | 'model'>>[] = [
  { readout: 'tuned', translator: { path: 'lens', sha256: 'ab'.repeat(32), model: 'pythia' } },
  { readout: 'jacobian', translator: { path: 'lens.pt', model: null } },
];
