import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as dependence from '../../src/map/dependence.js';
import { actsBehind } from '../../src/map/interventions.js';
import {
  checkParameters,
  DEFAULT_PARAMETERS,
  isTranslated,
  type MapParameters,
  parametersSchema,
} from '../../src/map/specification.js';
import { changesOf, fieldsOf } from './schemaWalk.js';
import { TRANSLATED, variations } from './variations.js';

const { statesKey, normsKey, planeKey, sceneKey, rowsKey, cellsKey, surveyKey, toldKey, speedKey } = dependence;
const KEYS = { statesKey, normsKey, planeKey, sceneKey, rowsKey, cellsKey, surveyKey, toldKey, speedKey };
type Key = keyof typeof KEYS;
const KEY_NAMES = Object.keys(KEYS) as Key[];

const BASES: readonly MapParameters[] = variations({
  hiddenSize: 8,
  tokens: [' Paris', ' sea', ' the'],
  chat: true,
})
  .concat(TRANSLATED)
  .map((one) => ({ ...DEFAULT_PARAMETERS, ...one }));

interface Change {
  readonly field: string;
  readonly base: MapParameters;
  readonly other: MapParameters;
}
const LAID: readonly Key[] = ['planeKey', 'sceneKey', 'rowsKey', 'cellsKey', 'surveyKey'];
const where = (holds: boolean, keys: readonly Key[]): readonly Key[] => (holds ? keys : []);
/** A plane that is the same at every layer. */
const isFree = ({ plane: { axes, center, lengths } }: MapParameters): boolean =>
  lengths !== 'typical' &&
  ['origin', 'row', 'vector'].includes(center.kind) &&
  ['direct', 'replicated', 'random_projection'].includes(axes.method);

/** The model is asked what it says of the center, or of a text that is shown. */
const tells = ({ plane: { center }, overlays }: MapParameters): boolean =>
  ['prompt', 'tokens'].includes(center.kind) || overlays.some(({ kind }) => kind === 'state');
const toldOf = (...some: readonly MapParameters[]): readonly Key[] => where(some.some(tells), ['toldKey']);

/**
 * The keys that a change of a field changes, `speedKey` apart: the first line that its path begins with. The bases hold no plane
 * along given directions that is free.
 */
const CLAIMS: readonly (readonly [field: string, keys: (change: Change) => readonly Key[]])[] = [
  [
    'layer',
    ({ base }) => [
      ...toldOf(base),
      'statesKey',
      'normsKey',
      'sceneKey',
      'cellsKey',
      'surveyKey',
      ...where(!isFree(base), LAID),
      ...where(base.interventions.some(actsBehind) || isTranslated(base.readout), ['rowsKey']),
    ],
  ],
  [
    'readout',
    ({ base, other }) => [
      ...toldOf(base),
      'cellsKey',
      ...where(
        [base, other].some((p) => p.readout === 'unembed'),
        LAID,
      ),
      ...where(
        [base, other].some((p) => isTranslated(p.readout)),
        ['rowsKey'],
      ),
    ],
  ],
  [
    'interventions',
    ({ base, other }) => [
      ...toldOf(base),
      'statesKey',
      'normsKey',
      'sceneKey',
      'cellsKey',
      'surveyKey',
      ...where(!isFree(base), LAID),
      ...where(
        [base, other].some(({ interventions }) => interventions.some(actsBehind)),
        ['rowsKey'],
      ),
    ],
  ],
  [
    'translator',
    ({ base }) => ['cellsKey', ...(isTranslated(base.readout) ? (['rowsKey', ...toldOf(base)] as const) : [])],
  ],
  ['context', ({ base }) => ['cellsKey', ...toldOf(base), ...where(base.interventions.some(actsBehind), ['rowsKey'])]],
  ['plane.sample', ({ base }) => ['normsKey', 'surveyKey', ...where(base.plane.lengths === 'typical', LAID)]],
  [
    'plane',
    ({ base, other }) => {
      const around = ({ context, plane }: MapParameters): unknown => [context.kind === 'center' && plane.center];
      const moved = JSON.stringify(around(base)) !== JSON.stringify(around(other));
      return [...LAID, ...where(tells(base) !== tells(other) || (tells(base) && moved), ['toldKey'])];
    },
  ],
  [
    'grid',
    ({ base }) => [
      'cellsKey',
      ...where(
        base.overlays.some(({ kind }) => kind === 'rows'),
        ['surveyKey'],
      ),
    ],
  ],
  ['topK', () => ['cellsKey']],
  ['question', () => ['cellsKey']],
  ['alsoAsked', () => ['cellsKey']],
  ['masked', ({ base }) => ['rowsKey', 'cellsKey', ...toldOf(base)]],
  ['adaptive', () => ['cellsKey']],
  ['overlays', ({ base, other }) => ['surveyKey', ...where(tells(base) !== tells(other), ['toldKey'])]],
];
/** What a cell takes follows from these: of tokens from their number, of the center where it is the context. */
const COSTLY = [
  'layer',
  'interventions',
  'readout',
  'translator',
  'context',
  'plane.center',
  'topK',
  'question',
  'alsoAsked',
  'masked',
  'adaptive',
];

/** Every base with each of its fields changed, as far as that is still a map. */
const CHANGES: readonly Change[] = BASES.flatMap((base) =>
  changesOf(parametersSchema, base).flatMap(({ field, value }) => {
    const checked = checkParameters(value);
    return 'parameters' in checked ? [{ field, base, other: checked.parameters }] : [];
  }),
);
const changedKeys = ({ base, other }: Change): Set<Key> =>
  new Set(KEY_NAMES.filter((key) => KEYS[key](base) !== KEYS[key](other)));

test('a field changes exactly the keys that are claimed for it', () => {
  const costly = new Set<string>();
  for (const change of CHANGES) {
    const { field, base } = change;
    const keys = changedKeys(change);
    if (keys.delete('speedKey')) costly.add(COSTLY.find((path) => field.startsWith(path)) ?? field);
    const claimed = CLAIMS.find(([path]) => field.startsWith(path))?.[1](change);
    assert.deepEqual(keys, new Set(claimed), `${field} of ${JSON.stringify(base)}`);
  }
  assert.deepEqual([...costly].sort(), [...COSTLY].sort());
});

test('every field is changed, and every key is claimed', () => {
  const seen = new Set(CHANGES.map(({ field }) => field));
  assert.deepEqual(
    fieldsOf(parametersSchema).filter((field) => !seen.has(field)),
    [],
  );
  const exported = Object.keys(dependence).filter((name) => name.endsWith('Key'));
  assert.deepEqual(new Set(exported), new Set(KEY_NAMES));
});

test('parameters that mean the same have the same keys', () => {
  const prompt = { kind: 'prompt', text: 'The sea' } as const;
  const plane = { ...DEFAULT_PARAMETERS.plane, center: prompt };
  const base = { ...DEFAULT_PARAMETERS, plane };
  const spelled = { ...prompt, position: -1, chat: false };
  const { readout, ...rest } = base;
  for (const other of [
    { ...base, context: prompt },
    { ...base, context: spelled },
    { ...base, plane: { ...plane, center: spelled } },
    { ...rest, readout },
  ])
    assert.deepEqual([...changedKeys({ field: '', base, other })], []);
});

test('cells surveyed otherwise are the same cells, and take over what is surveyed', () => {
  for (const { base, other } of CHANGES) {
    if (sceneKey(base) !== sceneKey(other)) continue;
    const surveyed = dependence.surveyedAs(base, other);
    assert.equal(cellsKey(surveyed), cellsKey(base));
    assert.equal(surveyKey({ ...surveyed, grid: other.grid }), surveyKey(other));
  }
});
