import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parametersFromFlags } from '../../src/map/flags.js';
import { presetParameters } from '../../src/map/presets.js';
import {
  type Center,
  type Context,
  contextOf,
  DEFAULT_PARAMETERS,
  linked,
  type MapParameters,
  parametersOf,
  parseSpecification,
} from '../../src/map/specification.js';

const PARIS = { kind: 'prompt', text: 'The capital of France is' } as const;
const around = (center: Center, context: MapParameters['context'] = { kind: 'center' }): MapParameters => ({
  ...DEFAULT_PARAMETERS,
  plane: { ...DEFAULT_PARAMETERS.plane, center },
  context,
});
const MODEL = { name: 'm', file: 'model.onnx', sha256: '0'.repeat(64) };

test('the context of a plane is its center’s own prompt, however that was said; nothing where there is none', () => {
  for (const center of [PARIS, { ...PARIS, chat: true, position: 2 }, { kind: 'tokens', ids: [4, 5] }] as const)
    assert.deepEqual(contextOf(around(center)), center);
  const others: Center[] = [
    { kind: 'origin' },
    { kind: 'texts' },
    { kind: 'mean', prompts: [PARIS] },
    { kind: 'row', matrix: 'embedding', token: 1 },
    { kind: 'vector', vector: 'AAAA' },
  ];
  for (const center of others) assert.deepEqual(contextOf(around(center)), { kind: 'none' });
  for (const preset of ['aroundPrompt', 'threePrompts', 'steering'] as const) {
    const parameters = presetParameters(preset, DEFAULT_PARAMETERS);
    assert.deepEqual(contextOf({ ...parameters, plane: { ...parameters.plane, center: PARIS } }), PARIS, preset);
  }
});

test('flags: the prompt of the center, unless another context is named', () => {
  const of = (given: Record<string, string>): Context => contextOf(parametersFromFlags(given));
  const center = { 'center-prompt': PARIS.text };
  assert.deepEqual(of({}), { kind: 'none' });
  assert.deepEqual(of(center), PARIS);
  assert.deepEqual(of({ ...center, 'center-position': '2' }), { ...PARIS, position: 2 });
  assert.deepEqual(of({ ...center, chat: '' }), { ...PARIS, chat: true });
  assert.deepEqual(of({ ...center, preset: 'prompts' }), PARIS);
  assert.deepEqual(of({ ...center, context: 'none' }), { kind: 'none' });
  assert.deepEqual(of({ ...center, context: 'bos', preset: 'prompts' }), { kind: 'bos' });
  assert.deepEqual(of({ ...center, prompt: 'Q' }), { kind: 'prompt', text: 'Q' });
  assert.deepEqual(of({ ...center, 'prompt-ids': '3' }), { kind: 'tokens', ids: [3] });
  assert.deepEqual(of({ 'x-prompt': 'Q', 'y-prompt': 'R' }), { kind: 'none' });
});

test('a specification names its context; its parameters follow the center where the two agree', () => {
  const specified = { ...around(PARIS), layer: 3, model: MODEL };
  assert.throws(() => parseSpecification(specified), /context must be none, bos, a prompt or tokens/i);
  const contexts: MapParameters['context'][] = [
    PARIS,
    { ...PARIS, position: -1, chat: false },
    { ...PARIS, position: 2 },
    { ...PARIS, chat: true },
    { kind: 'prompt', text: 'Q' },
    { kind: 'tokens', ids: [1] },
    { kind: 'none' },
    { kind: 'bos' },
  ];
  for (const center of [PARIS, { kind: 'origin' }] as const)
    for (const context of contexts) {
      const specification = parseSpecification({ ...around(center, context), layer: 3, model: MODEL });
      assert.deepEqual(specification.context, context);
      const parameters = parametersOf(specification);
      assert.deepEqual(linked(parameters), parameters);
      const follows = center === PARIS ? contexts.indexOf(context) < 2 : context.kind === 'none';
      assert.equal(parameters.context.kind === 'center', follows, JSON.stringify([center, context]));
      if (!follows) assert.deepEqual(parameters.context, context);
    }
});
