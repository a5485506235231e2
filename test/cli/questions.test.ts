import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../../src/cli/run.js';
import { fromJson } from '../../src/formats/fromJson.js';
import { answerOf, questionsOf } from '../../src/map/questions.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { CLI, startTree } from '../faults/processes.js';
import { drawnSae, writeSaeFolder } from '../formats/saeFolder.js';

/** Questions, features and tables of texts through the built program, on the bundled model: blocks 0 to 5, 192 numbers. */

const PROMPT = 'The old man walked to the';
const [WIDTH, FEATURES] = [192, 24];

let folder = '';
const at = (...names: string[]): string => path.join(folder, ...names);
const write = (name: string, content: string | Uint8Array): string => {
  writeFileSync(at(name), content);
  return at(name);
};
interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
const built = (...args: string[]): Promise<Outcome> => startTree([CLI, ...args]).ended;
/** The same command line in this process: what is refused before a model opens needs no program of its own. */
async function here(...args: string[]): Promise<Outcome> {
  const written = { out: '', err: '' };
  const out = { write: (text: string) => (written.out += text) };
  const err = { write: (text: string) => (written.err += text), isTTY: false, columns: 80 };
  return { code: await run(args, out, err, new AbortController().signal), ...written };
}
async function ran(...args: string[]): Promise<string> {
  const { code, out, err } = await built(...args);
  assert.equal(code, 0, err);
  return out;
}
const mapIn = (output: string): TokenMap => {
  const [name = ''] = readdirSync(at(output)).filter((one) => one.endsWith('.json'));
  return fromJson(readFileSync(at(output, name)));
};

before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-questions-'));
  const sae = drawnSae(WIDTH, FEATURES);
  writeSaeFolder(at('sae'), sae, { architecture: 'standard', hook_name: 'blocks.3.hook_resid_post' });
  writeSaeFolder(at('deep'), sae, { architecture: 'standard', hook_name: 'blocks.9.hook_resid_post' });
  writeSaeFolder(at('heads'), sae, { architecture: 'standard', hook_name: 'blocks.3.attn.hook_z' });
  writeSaeFolder(at('gated'), sae, { architecture: 'gated' });
  writeSaeFolder(at('still'), { ...sae, b_enc: new Float32Array(FEATURES).fill(-1e6) });
  writeSaeFolder(at('narrow'), drawnSae(WIDTH / 2, FEATURES));
  mkdirSync(at('empty'));
});
after(() => rmSync(folder, { recursive: true }));

interface Listed {
  readonly layer: unknown;
  readonly position: number;
  readonly features: readonly { readonly feature: number; readonly activation: number }[];
}

test('a token’s strongest features are what a map’s questions answer where that token is', async () => {
  const listed = JSON.parse(await ran('features', '--sae', at('sae'), '--prompt', PROMPT, '--json')) as Listed;
  assert.equal(listed.layer, 3); // the autoencoder's own
  const [first, second] = listed.features;
  assert.ok(first && second && first.activation > second.activation && second.activation > 0);
  const asked = [
    `feature:${at('sae')}#${first.feature}`,
    `feature:${at('sae', 'sae_weights.safetensors')}:W_enc#,${second.feature}`,
    'probability: sea',
    'set: sea, ship',
    'pattern:^ (sea|ship)$',
  ];
  const table = write(
    'texts.csv',
    `\uFEFFlabel;text\r\n${[
      ...['The ship sailed', 'A whale rose', 'The harpoon', 'The mast', '"Salt\nwater; nets"'].map(
        (text) => `sea;${text}`,
      ),
      ...['The old house', 'A horse stood', 'The garden', 'My sister', '"=1+1, ""quoted"""'].map(
        (text) => `land;${text}`,
      ),
    ].join('\r\n')}\r\n`,
  );
  const flags = ['--layer-idx', '3', '--center-prompt', PROMPT, '--grid-size', '3', '--formats', 'json,csv'];
  const questions = asked.flatMap((question) => ['--question', question]);
  const out = await ran(...flags, ...questions, '--overlay', `texts:${table}`, '--output-dir', at('asked'));
  assert.match(out, /^2 labels of 10 texts: [\d.]+% told right by their places on the plane, /m);
  const { cells, specification, survey } = mapIn('asked');
  const answers = asked.map((_, which) => answerOf(cells, 4, which) ?? NaN);
  for (const [which, { activation }] of [first, second].entries())
    assert.ok(Math.abs((answers[which] ?? NaN) / activation - 1) < 1e-3, `${answers[which]}, not ${activation}`);
  const [, , sea = NaN, set = NaN, pattern = NaN] = answers;
  assert.ok(sea > 0 && set > sea && Math.abs(pattern / set - 1) < 1e-5, answers.join());
  const [points] = survey?.points ?? [];
  assert.equal(points?.x.length, 10);
  assert.equal(points.separability?.classes, 2);
  assert.deepEqual(
    specification.overlays.map((one) => one.kind === 'texts' && one.texts?.[4]),
    ['Salt\nwater; nets'],
  );
  const [header = ''] = readFileSync(at('asked', 'embedding_grid_results_layer_3.csv'), 'utf8').split('\r\n');
  assert.match(header, /answer,answer_2,answer_3,answer_4,answer_5$/);

  // The file has all that it was drawn from: neither table nor autoencoder is needed again.
  rmSync(table);
  const json = at('asked', 'embedding_grid_results_layer_3.json');
  await ran('--specification', json, '--formats', 'json', '--output-dir', at('again'), '--grid-size', '3');
  const again = mapIn('again');
  assert.deepEqual(again.cells.answers, cells.answers);
  assert.deepEqual(questionsOf(again.specification), questionsOf(specification));
  assert.deepEqual(again.survey?.points, survey?.points);
});

test('what features cannot be listed of says so, in time; none that is active is no error', async () => {
  const prompt = ['--prompt', PROMPT];
  const refused = async (says: RegExp, ...args: string[]): Promise<void> => {
    const { code, out, err } = await here('features', ...args);
    assert.deepEqual([code, out], [2, ''], err);
    assert.match(err, says);
    assert.match(err, /^embedding-grid: [^\n]+[.?]\n$/, args.join(' '));
  };
  await Promise.all([
    refused(/Name its folder: --sae PATH/, ...prompt),
    refused(/Give one: --prompt TEXT/, '--sae', at('sae')),
    refused(/gone" cannot be read: there is no such file/, '--sae', at('gone'), ...prompt),
    refused(/"empty" is a folder without a sparse autoencoder/, '--sae', at('empty'), ...prompt),
    refused(/architecture "gated"/, '--sae', at('gated'), ...prompt),
    refused(/--most 0: must be a whole number from 1 to 1000/, '--sae', at('sae'), '--most', '0', ...prompt),
  ]);
  await refused(/takes vectors of 96 numbers; .* this model have 192/, '--sae', at('narrow'), ...prompt);
  await refused(/has no position 40: it has \d+ tokens/, '--sae', at('sae'), '--position', '40', ...prompt);
  await refused(/reads layer 9; the layers of this model are 0 to 5\. .*--layer-idx N/, '--sae', at('deep'), ...prompt);
  assert.match(await ran('features', '--sae', at('heads'), ...prompt), /^Trained on blocks\.3\.attn\.hook_z$/m);
  assert.match(await ran('features', '--sae', at('still'), ...prompt), /^0 of 24 active$/m);
});

test('a wrong question or table ends in one line before anything is written', async () => {
  const weights = at('sae', 'sae_weights.safetensors');
  const many = write('many.csv', `text\n${'one\n'.repeat(10_001)}`);
  const cases: readonly (readonly [flags: readonly string[], says: RegExp])[] = [
    [['--question', `feature:${weights}:W_enk#,1`], /has no array "W_enk"\. Its arrays are: W_enc, W_dec, /],
    [
      ['--question', `feature:${weights}:W_enc#1`],
      /A row of .*:W_enc" is no feature: its columns are\. Write W_enc#,1/,
    ],
    [['--question', `feature:${at('sae')}#${FEATURES}`], /has no column 24\. Its columns are 0 to 23\./],
    [['--question', `feature:${at('sae')}`], /holds a sparse autoencoder\. Say which of its features/],
    [['--question', `feature:${at('gone')}#1`], /gone" cannot be read: there is no such file\./],
    [['--question', `feature:${at('empty')}#1`], /"empty" is a folder without a sparse autoencoder\./],
    [['--question', 'feature:'], /this is no question\. Write .*feature:FOLDER#17/],
    [['--question', 'pattern:'], /--question pattern:: the pattern is empty\./],
    [['--question', 'divergence', '--question', 'pattern:('], /--question pattern:\(: .* no regular expression\./],
    [['--question', 'set: sea,,x'], /--question set: sea,,x: the token is empty\./],
    [['--question', 'sea'], /--question sea: this is no question\./],
    [Array.from({ length: 17 }, () => ['--question', 'pattern:a']).flat(), /at most 16 questions can be asked\./],
    [['--texts', write('columns.csv', 'a,b\n1,2\n')], /columns\.csv cannot be read: it has no column "text"\./],
    [['--overlay', `texts:${many}`], /many\.csv cannot be read: it has more than 10000 texts\./],
    [['--overlay', `texts:${write('open.csv', 'text\n"open')}`], /open\.csv .*: the quotation marks of record \d/],
    [['--texts', write('latin.csv', Buffer.from('text\n\xE9\n', 'latin1'))], /latin\.csv .*: it is no text in UTF-8\./],
    [['--texts', at('gone.csv')], /gone\.csv" cannot be read: there is no such file\./],
    [['--overlay', 'texts:'], /--overlay texts: names no file\. Write texts:FILE/],
    // What only the model knows.
    [['--question', 'pattern:^zzzqqq$'], /No token of the vocabulary matches \^zzzqqq\$\./],
    [['--question', `feature:${at('narrow')}#1`], /feature narrow#1 has 96 numbers; .* this model have 192\./],
    [['--question', 'set: sea, whaleship'], /" whaleship" is \d tokens/],
  ];
  const output = at('refused');
  for (const [flags, says] of cases) {
    const { code, out, err } = await here(...flags, '--grid-size', '3', '--output-dir', output);
    assert.deepEqual([code, out], [2, ''], `${flags.join(' ')}: ${err}`);
    assert.match(err, says);
    assert.match(err, /^embedding-grid: [^\n]+[.?]\n$/);
  }
  assert.equal(existsSync(output), false);
  const { err } = await here(
    '--overlay',
    'texts',
    '--grid-size',
    '2',
    '--formats',
    'json',
    '--output-dir',
    at('waiting'),
  );
  assert.match(err, /^Note: No texts are shown: the plane is not made from any\. Give them with --texts FILE/);
});
