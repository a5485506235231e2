import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unzipSync } from 'fflate';
import { toNpz } from '../../src/formats/npz.js';
import { toJson } from '../../src/formats/toJson.js';
import { figureWords } from '../../src/formats/words.js';
import { mapFacts } from '../../src/map/facts.js';
import { axisWords, questionName } from '../../src/map/naming.js';
import { gramOf, shapedPlane } from '../../src/map/plane.js';
import {
  DEFAULT_PARAMETERS,
  type MapSpecification,
  parametersSchema,
  parseSpecification,
  type PlaneParameters,
  type Prompt,
} from '../../src/map/specification.js';
import { encodeVector } from '../../src/map/vector.js';
import { changesOf, fieldsOf } from './schemaWalk.js';
import { syntheticMap } from './syntheticMap.js';
import { TRANSLATED, variations } from './variations.js';

/** Every field of a map's parameters is told in words: what decides a picture can be read off it. */

/** When it was made is told in the words of a calendar, which take long. */
const made = syntheticMap({ columns: 2, rows: 1, topK: 2 });
const MAP = { ...made, runtime: { ...made.runtime, finished: '' } };
const text: Prompt = { kind: 'prompt', text: 'The sea', chat: true, position: -2 };
const vector = {
  kind: 'vector',
  vector: encodeVector(new Float32Array(8).fill(0.5)),
  name: 'steering.npz:happy',
} as const;

const BASES: readonly MapSpecification[] = variations({
  hiddenSize: 8,
  tokens: [' Paris', ' sea', ' the'],
  chat: true,
})
  .concat(TRANSLATED)
  .map((one) => ({ ...MAP.specification, ...one }));

/** Fields that need not stand in words, and why: the saved file holds them all. */
const UNTOLD: readonly (readonly [where: 'caption' | 'facts' | 'both', field: RegExp, why: string])[] = [
  ['caption', /^topK$/, 'a picture shows the first token of a cell alone'],
  ['both', /(texts|sample)\[\]$/, 'texts of a list are counted'],
  ['both', /(labels|colors|shapes)(\[\])?$/, 'what is known of texts is counted'],
  ['both', /sha256$/, 'a hash is for machines'],
  ['both', /\.vector$/, 'a vector is told by its name'],
];

const captionOf = (specification: MapSpecification): string => {
  const { title, subtitle, xAxis, yAxis, caption } = figureWords({ ...MAP, specification }, 'probability');
  return [title, subtitle, xAxis[0], yAxis[0], ...caption].join(' · ');
};
const factsOf = (specification: MapSpecification): string =>
  JSON.stringify(
    mapFacts({ specification, facts: MAP.facts, runtime: MAP.runtime, known: { gram: gramOf(MAP.plane) } }),
  );
const filesOf = (specification: MapSpecification): string[] => [
  Buffer.from(toJson({ ...MAP, specification: { ...specification, grid: MAP.specification.grid } })).toString(),
  Buffer.from(unzipSync(toNpz({ ...MAP, specification }))['specification.npy'] ?? '').toString('latin1'),
];

test('every field of the parameters reaches caption, facts and files, or need not', () => {
  const changed = new Set<string>();
  for (const base of BASES) {
    const { model } = base;
    const files = filesOf(base);
    for (const { field, value } of changesOf(parametersSchema, base)) {
      let specification: MapSpecification;
      try {
        specification = parseSpecification({ ...(value as object), model });
      } catch {
        continue; // out of the field's range
      }
      changed.add(field);
      const told = (where: 'caption' | 'facts'): boolean =>
        !UNTOLD.some(([from, pattern]) => (from === where || from === 'both') && pattern.test(field));
      const what = `${field} of ${JSON.stringify(base)}: now ${JSON.stringify(value)}`;
      if (told('caption')) assert.notEqual(captionOf(specification), captionOf(base), `caption: ${what}`);
      if (told('facts')) assert.notEqual(factsOf(specification), factsOf(base), `facts: ${what}`);
      if (field.startsWith('grid')) continue; // the grid is that of the cells
      filesOf(specification).forEach((file, i) => assert.notEqual(file, files[i], `file ${i}: ${what}`));
    }
  }
  const missed = fieldsOf(parametersSchema).filter((field) => !changed.has(field));
  assert.deepEqual(missed, [], 'every field was changed in some map');
  for (const [, pattern] of UNTOLD)
    assert.ok(
      [...changed].some((field) => pattern.test(field)),
      String(pattern),
    );
});

test('variants of one field are told apart', () => {
  for (const words of [captionOf, factsOf]) assert.equal(new Set(BASES.map(words)).size, BASES.length);
});

test('an axis is as long as it is said to be', () => {
  const plane = { c: new Float32Array(4), u: Float32Array.of(3, 4, 0, 0), v: Float32Array.of(1, 0, 2, 0) };
  const axes = { method: 'directions', x: vector, y: text } as const;
  const words = (parameters: Partial<PlaneParameters>, length?: number): string[] => {
    const all: PlaneParameters = { ...DEFAULT_PARAMETERS.plane, axes, ...parameters };
    const gram = gramOf(shapedPlane(plane, { orthogonal: all.orthogonal, length }));
    return (['x', 'y'] as const).map((axis) => axisWords(all, axis, { gram }).notes.join(', '));
  };
  // |u| = 5; what is left of v: |v - 3/25 u|² = 5 - 9/25.
  assert.deepEqual(words({}), ['length 5', '']);
  assert.deepEqual(words({ orthogonal: true }), ['length 5', 'length 2.15, orthogonal to x']);
  assert.deepEqual(words({ lengths: 'unit' }, 1), ['length 1', 'length 1']);
  const typical = 'length 65.8, the typical norm';
  assert.deepEqual(words({ lengths: 'typical' }, 65.8), [typical, typical]);
  assert.deepEqual(words({ lengths: 'typical', axes: { method: 'random_projection', seed: 1 } }, 65.8), [
    typical,
    typical,
  ]);
  assert.deepEqual(words({ axes: { method: 'random_projection', seed: 1 } }, 1), ['length 1', 'length 1']);
});

test('names from outside stay on their line and to be seen', () => {
  const hostile = { kind: 'prompt', text: '<b>\n\u202E “x” ' } as const;
  const specification: MapSpecification = {
    ...MAP.specification,
    context: hostile,
    plane: {
      ...DEFAULT_PARAMETERS.plane,
      center: hostile,
      axes: { method: 'directions', x: { ...vector, name: '\u0007' }, y: hostile },
    },
    question: { kind: 'probability', token: '\u200B' },
    masked: ['\r'],
    overlays: [{ kind: 'state', prompt: hostile }],
  };
  assert.doesNotMatch(captionOf(specification), /[\p{Cc}\p{Cf}]/u);
  assert.doesNotMatch(factsOf(specification), /[\p{Cc}\p{Cf}]|\\[nru]/u);
});

test('a feature’s number is told however little room there is for its file', () => {
  const named = (name: string): string => questionName({ kind: 'feature', vector: '', bias: 0, threshold: 0, name });
  assert.equal(named('sae#17'), 'sae#17');
  assert.equal(named('a'.repeat(40)), `${'a'.repeat(24)}…`);
  for (const number of ['#17', '#24575', '#,3'])
    for (const end of ['', ' (blocks.8.hook_resid_pre)']) {
      const told = named(`layer_12/width_16k/average_l0_82${number}${end}`);
      assert.match(told, new RegExp(`^layer_12/.*…${number}$`));
      assert.ok(told.length <= 25, told);
    }
});
