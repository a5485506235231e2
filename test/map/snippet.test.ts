import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { parametersOf, readMapOptions } from '../../src/host/session.js';
import { PRESETS, presetParameters } from '../../src/map/presets.js';
import { snippet } from '../../src/map/snippet.js';
import { usualDisplay } from '../../src/map/mapDisplay.js';
import {
  contextOf,
  DEFAULT_PARAMETERS,
  type MapParameters,
  type MapSpecification,
  parseParameters,
} from '../../src/map/specification.js';

const root = path.resolve(import.meta.dirname, '..', '..');
const WORDS = 'Say "hi"\n`${process.exit(1)}` \\ \u2028 \u202e </script> \u{1f600}';

const CASES: readonly MapParameters[] = [
  DEFAULT_PARAMETERS,
  ...PRESETS.map((preset) => presetParameters(preset, DEFAULT_PARAMETERS)),
  parseParameters({
    ...DEFAULT_PARAMETERS,
    layer: 2,
    masked: [WORDS, 7],
    question: { kind: 'difference', first: WORDS, second: 3 },
    grid: { columns: 8, rows: 6, spacing: 0.25, center: [1, -2] },
    plane: { ...DEFAULT_PARAMETERS.plane, center: { kind: 'prompt', text: WORDS, position: 1 } },
  }),
];

/** What a program hands to the library, by a stand-in for it. */
function handed(program: string): unknown {
  const [, argument] = /createEmbeddingGridMap\((\{[^]*\})\);\nconsole/.exec(program) ?? [];
  assert.ok(argument);
  return JSON.parse(runInNewContext(`JSON.stringify(${argument})`) as string) as unknown;
}

test('a map as a program: its options are the map’s parameters, whatever texts there are', () => {
  for (const parameters of CASES) {
    const display = { ...usualDisplay(parameters), colorBy: 'entropy' as const, tokenColors: { [WORDS]: 3 } };
    const program = snippet({ model: WORDS, parameters, display, device: 'cpu' });
    const options = handed(program) as Parameters<typeof readMapOptions>[0] & { model: string; device: string };
    assert.deepEqual(parametersOf(options), parameters);
    assert.deepEqual(readMapOptions(options).display, display);
    assert.deepEqual([options.model, options.device], [WORDS, 'cpu']);
    const { length } = Object.keys(
      handed(snippet({ model: undefined, parameters, display, device: 'auto' })) as object,
    );
    assert.equal(Object.keys(options).length, length + 2);
  }
});

test('the program runs, and makes the map', () => {
  const folder = path.join(root, 'test', 'output', 'program');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const parameters = parseParameters({ ...CASES.at(-1), layer: 1, masked: [], question: null });
  const program = snippet({ model: undefined, parameters, display: usualDisplay(parameters), device: 'auto' });
  writeFileSync(path.join(folder, 'program.mts'), program);
  execFileSync(process.execPath, ['--import', 'tsx', 'program.mts'], { cwd: folder });
  const file = path.join(folder, 'embedding_grid_results', 'embedding_grid_results_layer_1.json');
  const { specification } = JSON.parse(readFileSync(file, 'utf8')) as { specification: MapSpecification };
  const { model, ...made } = specification;
  assert.match(model.sha256, /^[0-9a-f]{64}$/);
  assert.deepEqual(parseParameters(made), { ...parameters, context: contextOf(parameters) });
});
