import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findModel } from '../../src/engine/findModel.js';
import { openTokenizer, type Tokenizer } from '../../src/engine/tokenizer.js';
import { Fault } from '../../src/map/fault.js';
import { assertSentence } from './sentences.js';
import { temporaryFolder } from './temporary.js';

/**
 * Tokenizers and chat templates that are made to take time, memory or the program down, or are merely broken: each ends with
 * ids or in one sentence, this process, which stands for the engine's, goes on meanwhile, and tokens are shown.
 */
const chatml = join(import.meta.dirname, '..', 'fixtures', 'chat', 'chatml');
const built = join(import.meta.dirname, '..', '..', 'dist');
const sound = JSON.parse(readFileSync(join(chatml, 'tokenizer.json'), 'utf8')) as Record<string, unknown>;
const model = sound.model as { readonly vocab: Readonly<Record<string, number>>; readonly merges: readonly unknown[] };

function opened(tokenizer: unknown, template?: string): Tokenizer {
  const folder = temporaryFolder();
  cpSync(chatml, folder, { recursive: true });
  writeFileSync(join(folder, 'model.onnx'), '');
  writeFileSync(join(folder, 'tokenizer.json'), typeof tokenizer === 'string' ? tokenizer : JSON.stringify(tokenizer));
  rmSync(join(folder, 'tokenizer_config.json'));
  if (template !== undefined) writeFileSync(join(folder, 'chat_template.jinja'), template);
  return openTokenizer(findModel(folder), 400, built);
}

const split = (regex: string): object => ({
  pre_tokenizer: { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false },
});
const replace = (from: object, content: string): object => ({ type: 'Replace', pattern: from, content });
const many = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);
const grow = replace({ String: 'a' }, 'aaaa');

/** Too deep for JSON.stringify. */
const nested = (part: string, list: string, count: number): string =>
  JSON.stringify({ ...sound, [part]: 'HERE' }).replace(
    '"HERE"',
    `{"type":"Sequence","${list}":[`.repeat(count) + ']}'.repeat(count),
  );
const template = (single: unknown, ids: unknown): object => ({
  post_processor: {
    type: 'TemplateProcessing',
    single,
    pair: [],
    special_tokens: { x: { id: 'x', ids, tokens: ['x'] } },
  },
});
const special = { SpecialToken: { id: 'x', type_id: 0 } };

/** Changes of a sound tokenizer.json, or its text. */
const tokenizers: Readonly<Record<string, object | string>> = {
  'nested quantifiers': split('(a+)+$'),
  'nested classes': split('([a-z ]+)+\u0001'),
  'alternatives that overlap': split('(a|aa)+$'),
  'alternatives that may be empty': split('(a|a?)+$'),
  'anything, often': split('(.*)*x'),
  'a back reference': split('(a*)*\\1b'),
  'repetitions of repetitions': split('((a{0,100}){0,100}){0,100}$'),
  'repetitions beyond bounds': split('(((a{0,99999}){0,99999}){0,99999}){0,99999}$'),
  'a call of itself': split('(?<x>\\g<x>)'),
  'a call of itself, with an end': split('(?<x>a\\g<x>*b)+$'),
  'a parenthesis too few': split('(a'),
  'a range backwards': split('[z-a]'),
  'ten thousand parentheses': split('('.repeat(10_000) + ')'.repeat(10_000)),
  'a look behind without bounds': split('(?<=a+)b'),
  'replacements that grow': { normalizer: { type: 'Sequence', normalizers: many(40, grow) } },
  'replacements of nothing': { normalizer: { type: 'Sequence', normalizers: many(30, replace({ Regex: '' }, 'aa')) } },
  'replacements of an empty text': { normalizer: replace({ String: '' }, 'aaaa') },
  'a replacement that never ends': { normalizer: replace({ Regex: '(a+)+$' }, '') },
  'a prefix of a megabyte, often': {
    normalizer: { type: 'Sequence', normalizers: many(8, { type: 'Prepend', prepend: 'a b'.repeat(2 ** 18) }) },
  },
  'ten thousand normalizers': { normalizer: { type: 'Sequence', normalizers: many(10_000, { type: 'NFKD' }) } },
  'nested normalizers': nested('normalizer', 'normalizers', 200_000),
  'nested pre-tokenizers': nested('pre_tokenizer', 'pretokenizers', 200_000),
  'nested post-processors': nested('post_processor', 'processors', 200_000),
  'nested decoders': nested('decoder', 'decoders', 200_000),
  'some nested decoders': nested('decoder', 'decoders', 90),
  'many decoders': { decoder: { type: 'Sequence', decoders: many(100_000, { type: 'Fuse' }) } },
  'decoders that grow': { decoder: { type: 'Sequence', decoders: many(30, replace({ String: 'e' }, 'eeee')) } },
  'a decoder with a large text': { decoder: replace({ String: 'e' }, 'e'.repeat(1e6)) },
  'a character map of rubbish': { normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAAA' } },
  'a character map that lies': { normalizer: { type: 'Precompiled', precompiled_charsmap: '////f////////w==' } },
  'a normalizer that is a number': { normalizer: 7 },
  'a kind that is a number': { pre_tokenizer: { type: 7 } },
  'a kind that is not known': { pre_tokenizer: { type: 'Nonsense' } },
  'pieces of no length': { pre_tokenizer: { type: 'FixedLength', length: 0 } },
  'a space that is nothing': { pre_tokenizer: { type: 'Metaspace', replacement: '', prepend_scheme: 'always' } },
  'merges that are a word': { model: { ...model, merges: 'x' } },
  'merges that are a number': { model: { ...model, merges: 7 } },
  'merges of what is not there': { model: { ...model, merges: ['nothing here'] } },
  'merges of three': { model: { ...model, merges: [['a', 'b', 'c']] } },
  'no vocabulary': { model: { ...model, vocab: null } },
  'ids that are words': { model: { ...model, vocab: { a: 'b' } } },
  'ids below zero': { model: { ...model, vocab: { ...model.vocab, x: -1 } } },
  'ids without bounds': { model: { ...model, vocab: { ...model.vocab, x: 2 ** 40 } } },
  'one id for all': { model: { ...model, vocab: Object.fromEntries(Object.keys(model.vocab).map((key) => [key, 7])) } },
  'a model that is not known': { model: { ...model, type: 'Nonsense' } },
  'no model': { model: null },
  'scores that are words': { model: { type: 'Unigram', vocab: many(300, ['a', 'b']), unk_id: 0 } },
  'an unknown token that is not there': { model: { type: 'Unigram', vocab: many(300, ['a', -1]), unk_id: 999 } },
  'words without bounds': { model: { ...model, type: 'WordPiece', max_input_chars_per_word: 2 ** 53 } },
  chance: { model: { ...model, dropout: 0.5 } },
  'more than chance': { model: { ...model, dropout: 2 } },
  'a template of what is not there': template([{ SpecialToken: { id: 'y', type_id: 0 } }], [1]),
  'a long template': template(many(20_000, special), [1]),
  'a template that grows': template(many(3000, special), many(3000, 1)),
  'a template with ids without bounds': template([special], [2 ** 33]),
  'added tokens that are a number': { added_tokens: 7 },
  'added tokens of rubbish': { added_tokens: [null, 7, {}, { id: 'x', content: 7 }] },
  'an added token of nothing': { added_tokens: [{ ...(sound.added_tokens as object[])[0], content: '' }] },
  'a fill of a billion': {
    padding: {
      ...{ strategy: { Fixed: 1e9 }, direction: 'Left', pad_to_multiple_of: null },
      ...{ pad_id: 0, pad_type_id: 0, pad_token: 'x' },
    },
  },
  'an empty file': '',
  'a number': '7',
  'arrays in arrays': '['.repeat(1e6),
  'nine million arrays': `[${'[],'.repeat(9e6)}[]]`,
};

const fold = '{% set ns = namespace(a="x,") %}{% for i in range(26) %}{% set ns.a = ns.a ~ ns.a %}{% endfor %}';
const templates: Readonly<Record<string, string>> = {
  'a text that doubles': `${fold}{{ ns.a.replace(",","yyyyyyyyyyyyyyyy")|length }}`,
  'a text that doubles, further': `{% set ns = namespace(a="x") %}${'{% set ns.a = ns.a ~ ns.a %}'.repeat(60)}{{ ns.a }}`,
  'a list that doubles': `{% set ns = namespace(a=[1]) %}${'{% set ns.a = ns.a + ns.a %}'.repeat(60)}{{ ns.a|length }}`,
  'lists of lists':
    '{% set ns = namespace(a=[]) %}{% for i in range(9999) %}{% set ns.a = ns.a + [ns.a] %}{% endfor %}{{ ns.a|tojson }}',
  'loops in loops': '{% for i in range(9999) %}'.repeat(6) + '{% endfor %}'.repeat(6),
  'loops that write': '{% for i in range(9999) %}{% for i in range(9999) %}xxxxxxxxxxxxxxxx{% endfor %}{% endfor %}',
  'a macro that calls itself': '{% macro f(x) %}{{ f(x) }}{{ f(x) }}{% endmacro %}{{ f(1) }}',
  'a large range': '{% for i in range(1000000000) %}x{% endfor %}',
  'a range backwards for ever': '{% for i in range(0, -1000000000, -1) %}x{% endfor %}',
  'many ranges': '{{ range(9999)|map("string")|join("x")|length }}'.repeat(5000),
  parentheses: `{{ ${'('.repeat(100_000)} }}`,
  'blocks in blocks': '{% if true %}'.repeat(20_000),
  minus: `{{ ${'- '.repeat(100_000)}1 }}`,
  not: `{{ ${'not '.repeat(50_000)}1 }}`,
  'a loop without an end': '{% for %}',
  'what is not there': '{{ nothing.there.is }}',
  'what is not known': '{% nonsense %}',
  'a filter that is not known': '{{ messages|nonsense }}',
  'a refusal': '{{ raise_exception("Only assistants here.") }}',
  'many expressions': '{{ 1 }}'.repeat(20_000),
  'indents that grow':
    '{% set ns = namespace(a="x\n") %}{% for i in range(20) %}{% set ns.a = (ns.a ~ ns.a)|indent(999) %}{% endfor %}{{ ns.a }}',
};

/** Those that look worse than they are. */
const HARMLESS = [
  ...['anything, often', 'a back reference', 'a call of itself, with an end', 'a look behind without bounds'],
  ...['ten thousand normalizers', 'many decoders', 'decoders that grow', 'a decoder with a large text'],
  ...['a long template', 'an added token of nothing', 'many expressions'],
];

/** Nothing that a library says of itself: the person is told what that means. */
const RAW =
  /is not a function|Cannot read|undefined|line \d+|column|Maximum call|Invalid string|Oniguruma|untagged|Unknown \w+ filter/;

async function ended(name: string, tokenizer: Tokenizer, work: () => Promise<unknown>): Promise<void> {
  let turns = 0;
  const ticking = setInterval(() => turns++, 20);
  const before = process.cpuUsage();
  try {
    await work();
    assert.ok(HARMLESS.includes(name), 'it was read');
  } catch (thrown) {
    assert.ok(!HARMLESS.includes(name), String(thrown));
    assert.ok(thrown instanceof Fault && thrown.code === 'tokenizer', String(thrown));
    assertSentence(thrown);
    assert.doesNotMatch(thrown.message, RAW);
    // Of time the reader had two seconds of a processor's: none of them were ours, and we were free.
    const { user, system } = process.cpuUsage(before);
    if (thrown.message.includes('too long'))
      assert.ok(turns > 0 && user + system < 1e6, `${turns} turns, ${user + system} µs: nothing else could be done`);
  } finally {
    clearInterval(ticking);
    assert.match(tokenizer.token(17).text, /./);
  }
}

const text = `the sea ${'a'.repeat(60)}! <|im_end|>`;

for (const [name, change] of Object.entries(tokenizers))
  test(`a tokenizer with ${name}`, async () => {
    const tokenizer = opened(typeof change === 'string' ? change : { ...sound, ...change });
    await ended(name, tokenizer, () => tokenizer.encode(text));
  });

for (const [name, source] of Object.entries(templates))
  test(`a template with ${name}`, async () => {
    const tokenizer = opened(sound, source);
    await ended(name, tokenizer, () => tokenizer.encode(text, { chat: true }));
  });

test('a process in endless work ends with its parent', async () => {
  // A parent that lets it take whatever it wants, and is killed.
  const request = { kind: 'render', template: templates['loops in loops'], variables: { specialTokens: {}, text } };
  const limits = { processorMs: 1e9, milliseconds: 1e9, bytes: 1e12 };
  const folder = temporaryFolder();
  const program = join(folder, 'parent.cjs');
  writeFileSync(
    program,
    `const child = require('node:child_process').fork(${JSON.stringify(join(built, 'textProcess.cjs'))}, { execArgv: [] });
     child.send(${JSON.stringify({ request, limits })}, () => process.send(child.pid));`,
  );
  const parent = fork(program, { execArgv: [] });
  const [pid] = (await once(parent, 'message')) as [number];
  const lives = (): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  assert.ok(lives());
  parent.kill('SIGKILL');
  while (lives()) await new Promise((resolve) => setTimeout(resolve, 20));
});

test('after all of that, texts are read', async () => {
  assert.deepEqual(await opened(sound).encode('<|im_end|>'), [2]);
});
