import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findModel } from '../../src/engine/findModel.js';
import { openTokenizer, type Tokenizer } from '../../src/engine/tokenizer.js';
import { Fault } from '../../src/map/fault.js';
import { temporaryFolder } from './temporary.js';

/** Tokenizers with chat templates, and what Transformers makes of messages and texts: make.py beside them. */
const fixtures = join(import.meta.dirname, '..', 'fixtures', 'chat');
const truths = JSON.parse(readFileSync(join(fixtures, 'truth.json'), 'utf8')) as readonly {
  folder: string;
  size: number;
  chats: { text: string; rendered: string; ids: number[] }[];
  texts: { text: string; ids: number[] }[];
}[];

const built = join(import.meta.dirname, '..', '..', 'dist');

/** A fixture's tokenizer, some of its files replaced or, where null, taken away. */
function opened(name: string, files: Record<string, string | null> = {}, vocabularySize = 400): Tokenizer {
  const folder = temporaryFolder();
  cpSync(join(fixtures, name), folder, { recursive: true });
  writeFileSync(join(folder, 'model.onnx'), '');
  for (const [file, text] of Object.entries(files))
    if (text === null) rmSync(join(folder, file));
    else writeFileSync(join(folder, file), text);
  return openTokenizer(findModel(folder), vocabularySize, built);
}

const faultOf = async (act: () => unknown): Promise<Fault> => {
  try {
    await act();
  } catch (thrown) {
    assert.ok(thrown instanceof Fault, String(thrown));
    return thrown;
  }
  return assert.fail('no fault');
};

for (const { folder, size, chats, texts } of truths) {
  test(`${folder}: messages and texts become the ids that Transformers gives`, async () => {
    const tokenizer = opened(folder);
    assert.deepEqual(tokenizer.chat, { ok: true });
    for (const { text, ids } of chats) assert.deepEqual(await tokenizer.encode(text, { chat: true }), ids, text);
    for (const { text, ids } of texts) assert.deepEqual(await tokenizer.encode(text), ids, text);
  });

  test(`${folder}: ids become text again, characters of several tokens too`, async () => {
    const tokenizer = opened(folder);
    // SentencePiece writes a space before each piece of text between special tokens.
    const read = (text: string): string => text.replaceAll(/(^|>)\u2581/g, '$1');
    for (const { rendered, ids } of chats) {
      const text = tokenizer.decode(ids);
      if (folder !== 'gemma') assert.equal(text, rendered);
      else assert.equal(read(text.replaceAll(/(_of_turn>|<bos>) /g, '$1')), rendered);
    }
    const ids = (await tokenizer.encode('\u{1F642}')).filter((id) => tokenizer.token(id).kind === 'bytes');
    assert.equal(ids.length, 4);
    assert.equal(tokenizer.decode(ids), '\u{1F642}');
    assert.equal(tokenizer.decode(ids.slice(0, 3)), '\uFFFD');
    assert.equal(tokenizer.decode([]), '');
  });

  test(`${folder}: every token is found by its own text`, async () => {
    const tokenizer = opened(folder);
    for (let id = 0; id < size; id++) {
      const { text } = tokenizer.token(id);
      const found = await tokenizer.tokenNamed(text);
      // SentencePiece has letters both as bytes and as pieces; the piece is meant.
      if (found !== id) assert.equal(tokenizer.token(found).text, text);
      if (found !== id) assert.ok(id >= 4 && id < 260 && folder === 'gemma' && found >= 260, `${id}, ${found}`);
    }
  });
}

test('a text that is no token is refused with the tokens it consists of', async () => {
  const chatml = opened('chatml');
  assert.equal(await chatml.tokenNamed('<|im_end|>'), 2);
  assert.equal(chatml.token(await chatml.tokenNamed(' the')).text, ' the');
  assert.notEqual(await chatml.tokenNamed('s'), await chatml.tokenNamed(' s'));
  const two = await faultOf(() => chatml.tokenNamed(' the is'));
  assert.deepEqual([two.code, two.message], ['bad-parameter', '" the is" is 2 tokens: " the" and " is".']);
  assert.equal(two.hint, 'Name a text that is exactly one token; a space before it counts.');
  const nearly = await faultOf(() => chatml.tokenNamed('capital'));
  assert.match(nearly.message, /^"capital" is \d tokens: "c[a-z]*".* and "[a-z]+"\.$/);
  assert.equal(nearly.hint, '" capital", with a space before it, is one token.');
  assert.match((await faultOf(() => chatml.tokenNamed('What is it? It is the sea'))).message, / and \d+ more\.$/);
  assert.equal((await faultOf(() => chatml.tokenNamed(''))).message, '"" is no token of this model.');
  // In SentencePiece's way of reading, a text begins with a space.
  const spaceless = await faultOf(() => opened('gemma').tokenNamed('the s'));
  assert.equal(spaceless.message, '"the s" is no token of this model.');
  assert.equal(spaceless.hint, '" the s", with a space before it, is one token.');
  assert.equal(await chatml.tokenNamed('#399'), 399);
  assert.equal((await faultOf(() => chatml.tokenNamed('#400'))).code, 'bad-parameter');
});

test('tokens that end a text: those of the configuration, one or a list, and the tokenizer’s own', () => {
  const ends = (tokenizer: Tokenizer): number[] =>
    Array.from({ length: 400 }, (_, id) => id).filter((id) => tokenizer.isEnd(id));
  assert.deepEqual(ends(opened('chatml')), [2]);
  assert.deepEqual(ends(opened('chatml', { 'generation_config.json': '{"eos_token_id": [0, 7]}' })), [0, 2, 7]);
  assert.deepEqual(ends(opened('chatml', { 'config.json': '{"eos_token_id": 5}' })), [2, 5]);
  assert.deepEqual(
    ends(opened('chatml', { 'genai_config.json': '{"model": {"eos_token_id": [9]}}', 'tokenizer_config.json': '{}' })),
    [9],
  );
  assert.deepEqual(ends(opened('chatml', { 'tokenizer.json': null, 'config.json': '{"eos_token_id": 5}' })), [5]);
  assert.deepEqual(ends(opened('chatml', { 'config.json': '{"eos_token_id": ["x", -1, null, {}]}' })), [2]);
});

test('a model without a template, or with one that is of no use, says so', async () => {
  const chat = (config: unknown, more: Record<string, string | null> = {}): Tokenizer =>
    opened('chatml', { 'tokenizer_config.json': JSON.stringify(config), ...more });
  const reason = (tokenizer: Tokenizer): string => (tokenizer.chat.ok ? 'ok' : tokenizer.chat.reason);
  const said = async (template: unknown): Promise<string> => {
    const fault = await faultOf(() => chat({ chat_template: template }).encode('Hi', { chat: true }));
    assert.equal(fault.code, 'tokenizer');
    return fault.message;
  };
  assert.equal(reason(chat({})), 'The model has no chat template.');
  assert.equal((await faultOf(() => chat({}).encode('Hi', { chat: true }))).code, 'tokenizer');
  assert.equal(reason(chat({ chat_template: null })), 'The model has no chat template.');
  assert.match(reason(chat({ chat_template: 7 })), /cannot be used: it is no text\.$/);
  assert.match(reason(chat({ chat_template: [{ name: 'rag', template: 'x' }] })), /none is called "default"\.$/);
  assert.match(reason(chat({ chat_template: 'x'.repeat(2 ** 20 + 1) })), /larger than 1 MB\.$/);
  assert.match(reason(chat({}, { 'chat_template.jinja': 'x'.repeat(2 ** 20 + 1) })), /larger than 1 MB\.$/);
  assert.match(reason(opened('chatml', { 'tokenizer.json': null })), /no tokenizer\.json/);
  assert.equal(
    await said('{{ raise_exception("Only assistants here.") }}'),
    "The model's chat template cannot be used: Only assistants here.",
  );
  assert.match(await said('{% for %}'), /^The model's chat template cannot be used: /);
  assert.match(await said('{{ nothing.there.is }}'), /^The model's chat template cannot be used: /);
  assert.match(await said(''), /it makes nothing of the prompt\.$/);
  assert.match(await said('{% for i in range(10 ** 9) %}x{% endfor %}'), /cannot be used/);
  assert.match(await said('{% for i in range(1000000000) %}x{% endfor %}'), /it counts to 1000000000\.$/);
  const deep = '('.repeat(100_000);
  assert.match(await said(`{{ ${deep} }}`), /cannot be used/);
});

test('a template that does not end is ended', async () => {
  const nested = '{% for i in range(9999) %}'.repeat(6) + '{% endfor %}'.repeat(6);
  const tokenizer = opened('chatml', { 'tokenizer_config.json': JSON.stringify({ chat_template: nested }) });
  assert.match((await faultOf(() => tokenizer.encode('Hi', { chat: true }))).message, /it takes too long\.$/);
  assert.deepEqual(await tokenizer.encode('s'), await opened('chatml').encode('s'));
});

test('a template reaches the message and nothing else', async () => {
  for (const template of [
    '{{ messages.constructor }}x',
    '{{ raise_exception.constructor("return process")() }}x',
    '{{ range.__proto__ }}x',
    '{{ process }}{{ require }}{{ globalThis }}x',
  ]) {
    const tokenizer = opened('chatml', { 'tokenizer_config.json': JSON.stringify({ chat_template: template }) });
    try {
      const ids = await tokenizer.encode('Hi', { chat: true });
      assert.equal(tokenizer.decode(ids).endsWith('x'), true);
      assert.ok(ids.length <= 2, template);
    } catch (thrown) {
      assert.ok(thrown instanceof Fault && thrown.code === 'tokenizer', String(thrown));
    }
  }
});

test('a template of a file goes over that of the configuration', async () => {
  const tokenizer = opened('chatml', { 'chat_template.jinja': "{{ 'the' }}" });
  assert.deepEqual(await tokenizer.encode('Hi', { chat: true }), await tokenizer.encode('the'));
});

test('without a tokenizer tokens go by their ids', async () => {
  const tokenizer = opened('chatml', { 'tokenizer.json': null });
  assert.equal(tokenizer.decode([3, 4]), '#3 #4');
  assert.equal(await tokenizer.tokenNamed('#12'), 12);
  assert.equal((await faultOf(() => tokenizer.tokenNamed(' Paris'))).code, 'tokenizer');
});
