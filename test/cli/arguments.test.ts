import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommand } from '../../src/cli/arguments.js';
import type { DrawCommand } from '../../src/cli/draw.js';
import { INSPECT_FLAGS, RUN_FLAGS } from '../../src/cli/flags.js';
import { helpText } from '../../src/cli/help.js';
import { DISPLAY_FLAGS, MAP_FLAGS } from '../../src/map/flags.js';

function drawing(...args: string[]): DrawCommand {
  const command = parseCommand(args);
  assert.equal(command.kind, 'draw');
  return command;
}

test('no arguments draw the default map of the bundled model', () => {
  const { map, display, ...rest } = drawing();
  assert.deepEqual(rest, {
    kind: 'draw',
    model: undefined,
    specification: undefined,
    device: 'auto',
    cudaLibraries: undefined,
    memory: undefined,
    batchSize: 100,
    outputDir: 'embedding_grid_results',
    formats: ['png', 'svg', 'json'],
    figure: { without: [] },
    reading: undefined,
    overwrite: false,
    quiet: false,
    debug: false,
  });
  for (const values of [map, display]) assert.ok(Object.values(values).every((value) => value === undefined));
});

test('a picture for a paper: width, words, what it leaves out, density', () => {
  const { width, ...rest } = drawing(
    '--width',
    '84.7mm',
    '--font-size',
    '8',
    '--without',
    'bar,title',
    '--dpi',
    '600',
  ).figure;
  assert.ok(Math.abs((width ?? 0) - (84.7 / 25.4) * 72) < 1e-9);
  assert.deepEqual(rest, { fontSize: 8, without: ['title', 'bar'], dpi: 600 });
  assert.deepEqual(drawing('--bare').figure.without, ['title', 'caption', 'legend', 'bar']);
});

test('values follow a space or an equals sign, also negative ones; the last of two counts', () => {
  assert.equal(drawing('--center', '-1,2').map.center, '-1,2');
  assert.equal(drawing('--center=-1,2').map.center, '-1,2');
  assert.equal(drawing('--layer-idx', '-1').map['layer-idx'], '-1');
  assert.equal(drawing('--prompt=--quiet').map.prompt, '--quiet');
  assert.equal(drawing('--prompt', '').map.prompt, '');
  assert.equal(drawing('--seed', '1', '--seed', '2').map.seed, '2');
});

test('formats come in one order, without repetition', () => {
  assert.deepEqual(drawing('--formats', 'npz, JSON,npz').formats, ['json', 'npz']);
});

test('inspect takes a model, or none for the bundled one', () => {
  assert.deepEqual(parseCommand(['inspect', 'm.onnx', '--json', '--device', 'cpu']), {
    kind: 'inspect',
    model: 'm.onnx',
    json: true,
    skipChecks: false,
    device: 'cpu',
    cudaLibraries: undefined,
    memory: undefined,
    debug: false,
  });
  assert.equal((parseCommand(['inspect']) as { model?: string }).model, undefined);
});

test('help and version, whatever else is asked', () => {
  assert.deepEqual(parseCommand(['--help']), { kind: 'help' });
  assert.deepEqual(parseCommand(['-h']), { kind: 'help' });
  for (const command of helpText().matchAll(/^ {2}embedding-grid ([a-z-]+) /gm))
    assert.deepEqual(parseCommand([command[1] ?? '', '--help']), { kind: 'help', of: command[1] }, command[1]);
  assert.deepEqual(parseCommand(['--version', '--grid-size', '3']), { kind: 'version' });
});

test('what cannot be understood is named', () => {
  const cases: [string[], RegExp, RegExp?][] = [
    [['--gridsize', '3'], /^There is no flag --gridsize\.$/, /^Did you mean --grid-size\?$/],
    [['--grid_size', '3'], /^There is no flag --grid_size\.$/, /^Did you mean --grid-size\?$/],
    [['--xyz'], /^There is no flag --xyz\.$/, /--help lists/],
    [['-q'], /^There is no flag -q\.$/],
    [['inspect', '--spacing', '1'], /^There is no flag --spacing\.$/],
    [['--spacing'], /^--spacing needs a value\.$/, /^Write it as --spacing S\.$/],
    [['--spacing', '--quiet'], /^--spacing needs a value\.$/],
    [['--quiet=yes'], /^--quiet takes no value\.$/],
    [['model.onnx'], /^The argument "model\.onnx" is not understood\.$/, /--model model\.onnx/],
    [['inspect', 'a', 'b'], /^The argument "b" is not understood\.$/],
    [['--device', 'gpu'], /^--device gpu: there is no such device\.$/, /auto, cpu, cuda/],
    [['--batch-size', '0'], /^--batch-size 0: batch size must be a whole number from 1 to 10000\.$/],
    [['--batch-size', '1e9'], /^--batch-size 1e9: /],
    [['--batch-size', 'nan'], /^--batch-size nan: /],
    [['--width', '84'], /^--width 84: a width is a length from 36mm/, /84\.7mm/],
    [['--width', '8mm'], /^--width 8mm: a width is/, /unit/],
    [['--dpi', '600'], /^--dpi is of a picture with a size on paper/, /--width/],
    [['--width', '84.7mm', '--font-size', '2'], /^--font-size 2: it must be a number from 6 to 30/],
    [['--without', 'titel'], /^--without titel: a picture has no "titel"/, /title, caption, legend, bar/],
    [
      ['--formats', 'png,gif'],
      /^--formats png,gif: there is no format "gif"\.$/,
      /png, svg, pdf, tex, html, json, csv, npz/,
    ],
    [['--output-dir', ''], /^--output-dir needs a value\.$/],
    [['inspect', ''], /^The name of the model is empty\.$/],
    [['--specification='], /^--specification needs a value\.$/],
    [['--formats', ''], /^--formats : there is no format ""\.$/],
  ];
  for (const [args, message] of cases)
    assert.throws(() => parseCommand(args), { code: 'bad-parameter', message }, args.join(' '));
  for (const [args, , hint] of cases) if (hint) assert.throws(() => parseCommand(args), { hint });
});

test('the help text names every flag and stays within 100 columns', () => {
  const text = helpText();
  for (const { name } of [...MAP_FLAGS, ...DISPLAY_FLAGS, ...RUN_FLAGS, ...INSPECT_FLAGS])
    assert.match(text, new RegExp(`--${name}\\b`));
  for (const line of text.split('\n')) assert.ok(line.length <= 100, line);
});

test('lens: what decides a readout, and its own flags; nothing that lays a plane', () => {
  const command = parseCommand(['lens', 'm', '--prompt', 'a', '--token', ' b', '--csv', '--intervene', 'skip@0']);
  assert.ok(command.kind === 'lens');
  assert.deepEqual([command.model, command.map.prompt, command.token, command.as], ['m', 'a', ' b', 'csv']);
  assert.deepEqual(command.map.intervene, ['skip@0']);
  assert.throws(() => parseCommand(['lens', '--layer-idx', '3']), { code: 'bad-parameter' });
  assert.throws(() => parseCommand(['lens', '--json', '--csv']), { code: 'bad-parameter' });
  assert.throws(() => parseCommand(['lens', '--formats', 'svg']), { code: 'bad-parameter' });
});

test('boundaries: the flags of the map and its own; a model as an argument or a flag', () => {
  const command = parseCommand(['boundaries', 'm', '--center-prompt', 'a', '--toward', 'b', '--toward', 'c', '--axes']);
  assert.ok(command.kind === 'boundaries');
  assert.equal(command.model, 'm');
  assert.equal(command.map['center-prompt'], 'a');
  assert.deepEqual(command.question.toward, ['b', 'c']);
  assert.equal(command.question.axes, '');
  assert.throws(() => parseCommand(['boundaries', '--formats', 'png']), { code: 'bad-parameter' });
  assert.throws(() => parseCommand(['boundaries', 'm', 'n']), { code: 'bad-parameter' });
});
