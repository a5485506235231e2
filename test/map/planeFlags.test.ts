import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type FlagFiles,
  type FlagValues,
  MAP_FLAGS,
  parametersFromFlags,
  parametersToFlags,
} from '../../src/map/flags.js';
import { parseTokens, writeToken } from '../../src/map/flags/tokenNames.js';
import { PRESETS, presetParameters, SAMPLE_PROMPTS, SAMPLE_TEXTS } from '../../src/map/presets.js';
import {
  type Center,
  DEFAULT_PARAMETERS,
  type Direction,
  type MapParameters,
  type Overlay,
  type PlaneParameters,
  type Prompt,
  type Question,
} from '../../src/map/specification.js';
import { encodeVector } from '../../src/map/vector.js';

/** An argument list back to values by name, as the command line reads it. */
function valuesOf(flags: readonly string[]): FlagValues {
  const values: Record<string, string | string[]> = {};
  const several = new Map<string, string[]>();
  for (let i = 0; i < flags.length; i++) {
    const [, name = '', inline] = /^--([a-z-]+)(?:=(.*))?$/s.exec(flags[i] ?? '') ?? [];
    const flag = MAP_FLAGS.find((one) => one.name === name);
    assert.ok(flag, flags[i]);
    const value = flag.value === undefined ? '' : (inline ?? flags[++i] ?? '');
    const all = [...(several.get(name) ?? []), value];
    several.set(name, all);
    values[name] = flag.many ? all : value;
  }
  return values;
}

const vector = { vector: encodeVector(Float32Array.of(1, 2)), name: 'steer.npz:happy#3' };
const files: FlagFiles = {
  texts: new Map([
    ['texts.txt', ['one', 'two', 'three']],
    ['sample.txt', ['a sample']],
  ]),
  vectors: new Map([['steer.npz:happy#3', vector]]),
};
const plane = (given: FlagValues, base?: MapParameters): PlaneParameters =>
  parametersFromFlags(given, base, files).plane;

test('each flag of the plane sets what it names', () => {
  const own = DEFAULT_PARAMETERS.plane;
  const random = { kind: 'random', seed: 42 };
  const cases: [FlagValues, Partial<Record<keyof PlaneParameters, unknown>>][] = [
    [{ 'center-prompt': 'Hi', 'center-position': '-2' }, { center: { kind: 'prompt', text: 'Hi', position: -2 } }],
    [{ 'center-token': ' Paris' }, { center: { kind: 'row', matrix: 'unembedding', token: ' Paris' } }],
    [{ 'center-token': '#7', 'token-matrix': 'embedding' }, { center: { kind: 'row', matrix: 'embedding', token: 7 } }],
    [
      { 'center-prompts-file': 'sample.txt' },
      { center: { kind: 'mean', prompts: [{ kind: 'prompt', text: 'a sample' }] } },
    ],
    [{ 'center-vector': 'steer.npz:happy#3' }, { center: { kind: 'vector', ...vector } }],
    [{ 'center-at': 'origin' }, {}],
    [
      { 'x-prompt': 'B', 'y-prompt': 'C', 'y-position': '0' },
      {
        axes: {
          method: 'directions',
          x: { kind: 'prompt', text: 'B' },
          y: { kind: 'prompt', text: 'C', position: 0 },
        },
      },
    ],
    [
      { 'x-vector': 'steer.npz:happy#3', orthogonal: '' },
      { axes: { method: 'directions', x: { kind: 'vector', ...vector }, y: random }, orthogonal: true },
    ],
    [
      { 'embedding-method': 'directions', 'x-random': '1', 'y-token': 'a\\,b' },
      {
        axes: {
          method: 'directions',
          x: { kind: 'random', seed: 1 },
          y: { kind: 'row', matrix: 'unembedding', token: 'a,b' },
        },
        lengths: 'typical',
      },
    ],
    [
      { 'x-token': '#5', 'y-token': '#6', units: 'raw' },
      {
        axes: {
          method: 'directions',
          x: { kind: 'row', matrix: 'unembedding', token: 5 },
          y: { kind: 'row', matrix: 'unembedding', token: 6 },
        },
      },
    ],
    // C stands at y = 1: its length is its own, whatever x is.
    [
      { 'x-token': '#5', 'y-prompt': 'C' },
      {
        axes: {
          method: 'directions',
          x: { kind: 'row', matrix: 'unembedding', token: 5 },
          y: { kind: 'prompt', text: 'C' },
        },
      },
    ],
    [
      { texts: 'texts.txt' },
      {
        axes: { method: 'pca_basis', texts: ['one', 'two', 'three'], positions: 'last' },
        center: { kind: 'texts' },
      },
    ],
    [
      { 'embedding-method': 'pca-basis', texts: 'texts.txt', 'texts-positions': 'all', 'center-at': 'origin' },
      { axes: { method: 'pca_basis', texts: ['one', 'two', 'three'], positions: 'all' } },
    ],
    [{ normalize: '' }, { lengths: 'unit' }],
    [
      { units: 'norm', sample: 'sample.txt' },
      { lengths: 'typical', sample: ['a sample'] },
    ],
  ];
  for (const [given, changed] of cases) assert.deepEqual(plane(given), { ...own, ...changed }, JSON.stringify(given));
});

test('question, mask and overlays', () => {
  const of = (given: FlagValues): MapParameters => parametersFromFlags(given);
  assert.deepEqual(of({ question: 'probability: Paris' }).question, { kind: 'probability', token: ' Paris' });
  assert.deepEqual(of({ question: 'difference: Paris,#5' }).question, {
    kind: 'difference',
    first: ' Paris',
    second: 5,
  });
  assert.deepEqual(of({ question: 'divergence' }).question, { kind: 'divergence' });
  assert.deepEqual(of({ mask: ' the,\\,,#3,\\n' }).masked, [' the', ',', 3, '\n']);
  assert.deepEqual(
    of({ overlay: ['state:A: b, c', 'layers:x', 'positions:y', 'rows:embedding,20', 'rows:unembedding'] }).overlays,
    [
      { kind: 'state', prompt: { kind: 'prompt', text: 'A: b, c' } },
      { kind: 'layers', prompt: { kind: 'prompt', text: 'x' } },
      { kind: 'positions', prompt: { kind: 'prompt', text: 'y' } },
      { kind: 'rows', matrix: 'embedding', count: 20 },
      { kind: 'rows', matrix: 'unembedding', count: 50 },
    ],
  );
  const base: MapParameters = { ...DEFAULT_PARAMETERS, overlays: [{ kind: 'rows', matrix: 'embedding', count: 1 }] };
  assert.deepEqual(parametersFromFlags({}, base).overlays, base.overlays);
  assert.equal(parametersFromFlags({ overlay: ['state:x'] }, base).overlays.length, 1);
});

test('chat is of all prompts, position of the context’s', () => {
  const {
    context,
    plane: own,
    overlays,
  } = parametersFromFlags(
    {
      prompt: 'Q',
      position: '-3',
      'center-prompts-file': 'texts.txt',
      'x-prompt': 'B',
      overlay: ['state:S', 'rows:embedding'],
      chat: '',
    },
    DEFAULT_PARAMETERS,
    files,
  );
  assert.deepEqual(context, { kind: 'prompt', text: 'Q', chat: true, position: -3 });
  assert.ok(
    own.center.kind === 'mean' && own.center.prompts.every((one) => one.kind === 'prompt' && one.chat === true),
  );
  assert.deepEqual(own.axes, {
    method: 'directions',
    x: { kind: 'prompt', text: 'B', chat: true },
    y: { kind: 'random', seed: 42 },
  });
  assert.deepEqual(overlays, [
    { kind: 'state', prompt: { kind: 'prompt', text: 'S', chat: true } },
    { kind: 'rows', matrix: 'embedding', count: 50 },
  ]);
  assert.deepEqual(parametersFromFlags({ 'prompt-ids': '4,5', position: '0' }).context, {
    kind: 'tokens',
    ids: [4, 5],
    position: 0,
  });
});

test('presets, and flags that change them', () => {
  assert.deepEqual(parametersFromFlags({ preset: 'original' }), DEFAULT_PARAMETERS);
  assert.deepEqual(
    parametersFromFlags({ preset: 'original', 'grid-size': '200' }),
    parametersFromFlags({ 'grid-size': '200' }),
  );
  const names = {
    prompt: 'aroundPrompt',
    prompts: 'threePrompts',
    principal: 'principalPlane',
    steering: 'steering',
  } as const;
  for (const [name, preset] of Object.entries(names))
    assert.deepEqual(
      parametersFromFlags({ preset: name, 'grid-size': '80' }),
      presetParameters(preset, { ...DEFAULT_PARAMETERS, grid: { ...DEFAULT_PARAMETERS.grid, columns: 80, rows: 80 } }),
    );
  const changed = parametersFromFlags({ preset: 'prompts', 'x-prompt': 'Mine', 'top-k': '5', spacing: '3' });
  assert.deepEqual(changed.plane.center, { kind: 'prompt', text: SAMPLE_PROMPTS.A });
  assert.deepEqual(changed.plane.axes, {
    method: 'directions',
    x: { kind: 'prompt', text: 'Mine' },
    y: { kind: 'prompt', text: SAMPLE_PROMPTS.C },
  });
  assert.deepEqual([changed.topK, changed.grid.spacing], [5, 3]);
  assert.equal(parametersFromFlags({ preset: 'principal', 'embedding-method': 'direct' }).plane.center.kind, 'origin');
});

test('what is wrong is said with the flag and what it was given', () => {
  const cases: [FlagValues, RegExp][] = [
    [{ preset: 'best' }, /^--preset best: there is no such preset\.$/],
    [{ preset: 'constructor' }, /^--preset constructor: there is no such preset\.$/],
    [{ 'center-prompt': '' }, /^--center-prompt : the prompt is empty\.$/],
    [{ 'center-prompt': 'a', 'center-token': 'b' }, /^--center-prompt and --center-token exclude each other\.$/],
    [{ 'center-prompt': 'a', 'center-position': '0.5' }, /^--center-position 0\.5: position must be a whole number\.$/],
    [{ 'center-position': '2' }, /^--center-position needs --center-prompt\.$/],
    [{ 'center-token': 'a,b' }, /^--center-token a,b: these are 2 tokens\.$/],
    [{ 'center-token': '' }, /^--center-token : the token is empty\.$/],
    [{ 'center-at': 'middle' }, /^--center-at middle: write origin or texts\.$/],
    [{ 'center-vector': 'other.npy' }, /^The file other\.npy was not read\.$/],
    [{ 'x-prompt': 'a', 'x-random': '1' }, /^--x-prompt and --x-random exclude each other\.$/],
    [{ 'x-prompt': 'a', 'x-position': '1e9' }, /^--x-position 1e9: position must be at most 8191\.$/],
    [{ 'x-random': '-1' }, /^--x-random -1: seed must be at least 0\.$/],
    [{ 'y-position': '1' }, /^--y-position needs --y-prompt\.$/],
    [
      { 'x-prompt': 'a', 'embedding-method': 'direct' },
      /^--x-prompt and --embedding-method direct exclude each other\.$/,
    ],
    [{ texts: 'texts.txt', 'embedding-method': 'replicated' }, /^--texts and --embedding-method replicated exclude/],
    [{ texts: 'texts.txt', 'x-prompt': 'a' }, /^--texts and --x-prompt exclude each other\.$/],
    [{ texts: 'sample.txt' }, /^--texts sample\.txt: principal components need two texts at least\.$/],
    [{ 'embedding-method': 'pca_basis' }, /^--embedding-method pca_basis needs texts\.$/],
    [{ 'texts-positions': 'all' }, /^--texts-positions needs --texts\.$/],
    [{ texts: 'texts.txt', 'texts-positions': 'first' }, /^--texts-positions first: positions must be last or all\.$/],
    [{ 'token-matrix': 'head' }, /^--token-matrix head: the matrix must be embedding or unembedding\.$/],
    [{ units: 'meters' }, /^--units meters: write raw or norm\.$/],
    [{ units: 'norm', normalize: '' }, /^--normalize and --units exclude each other\.$/],
    [{ position: '3' }, /^--position needs --prompt\.$/],
    [{ prompt: 'a', position: 'x' }, /^--position x: position must be a number\.$/],
    [{ question: 'probability' }, /^--question probability: this is no question\.$/],
    [{ question: 'difference:a' }, /^--question difference:a: this is no question\.$/],
    [{ question: 'divergence:a' }, /^--question divergence:a: this is no question\.$/],
    [{ question: 'probability:' }, /^--question probability:: the token is empty\.$/],
    [{ mask: 'a,' }, /^--mask a,: the token is empty\.$/],
    [
      { overlay: ['Hello'] },
      /^--overlay Hello: write state:, layers: or positions: and a text, texts or texts: and a file, or rows: and a matrix\.$/,
    ],
    [{ overlay: ['state:a', 'state:'] }, /^--overlay state:: the prompt is empty\.$/],
    [{ overlay: ['rows:head'] }, /^--overlay rows:head: the matrix must be embedding or unembedding\.$/],
    [{ overlay: ['rows:embedding,0'] }, /^--overlay rows:embedding,0: count must be at least 1\.$/],
  ];
  for (const [given, message] of cases)
    assert.throws(
      () => parametersFromFlags(given, DEFAULT_PARAMETERS, files),
      { code: 'bad-parameter', message },
      JSON.stringify(given),
    );
});

test('any token comes back from what it is typed as', () => {
  const tokens = [
    ' Paris',
    ',',
    '\\',
    '\\n',
    '\n',
    '#7',
    '#x',
    '#',
    7,
    0,
    'a,b\\,c',
    '\t\r',
    ' ',
    '"',
    '\u{1F642}',
    '\\#7',
    '\u2028',
  ];
  for (const token of tokens) assert.deepEqual(parseTokens(writeToken(token)), [token], String(token));
  assert.deepEqual(parseTokens(tokens.map(writeToken).join(',')), tokens);
  assert.deepEqual(parseTokens('end\\'), ['end\\']);
});

/** The value at an index that runs on. */
const pick = <T>(values: readonly T[], index: number): T => {
  const value = values[index % values.length];
  assert.ok(value !== undefined);
  return value;
};

test('any parameters that flags can say come back from their flags', () => {
  const prompt: Prompt = { kind: 'prompt', text: '-- it\'s "A":\n\t' };
  const later: Prompt = { kind: 'prompt', text: '--help', position: -4 };
  const directions: Direction[] = [
    prompt,
    later,
    { kind: 'row', matrix: 'embedding', token: '#1' },
    { kind: 'row', matrix: 'embedding', token: 1 },
    { kind: 'random', seed: 42 },
    { kind: 'random', seed: 0 },
  ];
  const centers: Center[] = [{ kind: 'origin' }, prompt, later, { kind: 'row', matrix: 'embedding', token: '-,\\' }];
  const contexts: MapParameters['context'][] = [
    { kind: 'center' },
    { kind: 'none' },
    { kind: 'bos' },
    later,
    { kind: 'tokens', ids: [3, 4], position: 0 },
  ];
  const questions: (Question | null)[] = [
    null,
    { kind: 'probability', token: '-1' },
    { kind: 'difference', first: ',', second: 9 },
    { kind: 'divergence' },
  ];
  const overlays: Overlay[][] = [
    [],
    [{ kind: 'state', prompt }],
    [
      { kind: 'rows', matrix: 'unembedding', count: 50 },
      { kind: 'positions', prompt },
      { kind: 'rows', matrix: 'embedding', count: 7 },
      { kind: 'layers', prompt: { kind: 'prompt', text: '-x' } },
    ],
  ];
  for (let i = 0; i < 300; i++) {
    const axes: PlaneParameters['axes'] =
      i % 3 === 0
        ? { method: 'replicated' }
        : { method: 'directions', x: pick(directions, i), y: pick(directions, Math.floor(i / 6)) };
    const parameters: MapParameters = {
      ...DEFAULT_PARAMETERS,
      plane: {
        axes,
        center: pick(centers, Math.floor(i / 2)),
        orthogonal: i % 4 === 1,
        lengths: pick(['own', 'unit', 'typical'], Math.floor(i / 5)),
        sample: null,
      },
      context: pick(contexts, Math.floor(i / 3)),
      question: pick(questions, Math.floor(i / 7)),
      alsoAsked:
        i % 5 === 0 && pick(questions, Math.floor(i / 7))
          ? [
              { kind: 'set', tokens: [',', 3] },
              { kind: 'pattern', pattern: '^ [A-Z],' },
            ]
          : [],
      masked: i % 2 === 0 ? [] : [' the', 5, ',', '\n'],
      adaptive: i % 3 === 1,
      overlays: pick(overlays, Math.floor(i / 4)),
    };
    assert.deepEqual(parametersFromFlags(valuesOf(parametersToFlags(parameters))), parameters);
  }
});

test('prompts that are all of a chat come back, and every preset by its name', () => {
  const asked: Prompt = { kind: 'prompt', text: 'Who?', chat: true };
  const parameters: MapParameters = {
    ...DEFAULT_PARAMETERS,
    context: asked,
    plane: {
      ...DEFAULT_PARAMETERS.plane,
      center: asked,
      axes: { method: 'directions', x: asked, y: { kind: 'random', seed: 1 } },
    },
    overlays: [{ kind: 'layers', prompt: asked }],
  };
  assert.deepEqual(parametersFromFlags(valuesOf(parametersToFlags(parameters))), parameters);
  for (const preset of PRESETS) {
    const own = presetParameters(preset, { ...DEFAULT_PARAMETERS, topK: 7 });
    assert.deepEqual(parametersFromFlags(valuesOf(parametersToFlags(own))), own, preset);
  }
  const principal = presetParameters('principalPlane', DEFAULT_PARAMETERS);
  assert.deepEqual(parametersToFlags(principal), ['--preset', 'principal']);
  assert.deepEqual(
    parametersToFlags({ ...principal, topK: 3, plane: { ...principal.plane, center: { kind: 'origin' } } }),
    ['--preset', 'principal', '--center-at', 'origin', '--top-k', '3'],
  );
});

test('what no flags can say is refused with where to put it', () => {
  const prompt: Prompt = { kind: 'prompt', text: 'A' };
  const own = DEFAULT_PARAMETERS.plane;
  const cases: [Partial<MapParameters>, RegExp][] = [
    [{ plane: { ...own, center: { kind: 'vector', vector: vector.vector } } }, /^Vectors are too long/],
    [{ plane: { ...own, center: { kind: 'mean', prompts: [prompt] } } }, /^Flags cannot say/],
    [{ plane: { ...own, sample: ['x'] } }, /^Flags cannot say/],
    [
      { plane: { ...own, axes: { method: 'pca_basis', texts: SAMPLE_TEXTS.slice(1), positions: 'last' } } },
      /^Flags cannot say/,
    ],
    [{ plane: { ...own, center: { kind: 'tokens', ids: [1] } } }, /^Flags cannot say/],
    [{ context: { ...prompt, chat: true }, plane: { ...own, center: prompt } }, /^Flags cannot say/],
    [{ overlays: [{ kind: 'state', prompt: { ...prompt, position: 0 } }] }, /^Flags cannot say/],
    [
      {
        plane: {
          ...own,
          center: { kind: 'row', matrix: 'embedding', token: 1 },
          axes: { method: 'directions', x: { kind: 'row', matrix: 'unembedding', token: 1 }, y: prompt },
        },
      },
      /^Flags cannot say/,
    ],
  ];
  for (const [changed, message] of cases)
    assert.throws(() => parametersToFlags({ ...DEFAULT_PARAMETERS, ...changed }), {
      code: 'bad-parameter',
      message,
      hint: 'Save the map and draw it with --specification FILE.',
    });
  // Nothing is lost where what is left out says nothing.
  assert.deepEqual(parametersToFlags({ ...DEFAULT_PARAMETERS, context: { ...prompt, position: -1, chat: false } }), [
    '--prompt',
    'A',
  ]);
});
