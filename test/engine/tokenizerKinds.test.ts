import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findModel } from '../../src/engine/findModel.js';
import { openTokenizer, type Tokenizer } from '../../src/engine/tokenizer.js';
import { Fault } from '../../src/map/fault.js';
import { faultOf } from './sentences.js';
import { temporaryFolder } from './temporary.js';

/**
 * 30 texts by every kind of model, normalizer, pre-tokenizer, post-processor and decoder: what the hub's library makes of them,
 * as Python has it. make.py beside the fixture says how.
 */
const fixtures = join(import.meta.dirname, '..', 'fixtures', 'tokenizers');
interface Kind {
  readonly base: string;
  readonly parts: Readonly<Record<string, unknown>>;
  /** null where the library refuses a text. */
  readonly ids: readonly (readonly number[] | null)[];
  readonly texts?: readonly string[];
}
const { texts, bases, kinds } = JSON.parse(readFileSync(join(fixtures, 'kinds.json'), 'utf8')) as {
  readonly texts: readonly string[];
  readonly bases: Readonly<Record<string, { readonly model: Readonly<Record<string, unknown>> }>>;
  readonly kinds: Readonly<Record<string, Kind>>;
};
const built = join(import.meta.dirname, '..', '..', 'dist');

/** The tokenizer of a kind, in a folder with other files, or none. */
function opened(
  { base, parts }: Pick<Kind, 'base' | 'parts'>,
  files: Readonly<Record<string, unknown>> = {},
): Tokenizer {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(content));
  const whole = bases[base];
  assert.ok(whole);
  const model: Record<string, unknown> = { ...whole.model, ...(parts.model ?? {}) };
  if (model.type === null) delete model.type;
  writeFileSync(join(folder, 'model.onnx'), '');
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify({ ...whole, ...parts, model }));
  const size = Object.keys(model.vocab ?? {}).length;
  return openTokenizer(findModel(folder), size + 16, built);
}

async function idsOf(tokenizer: Tokenizer, text: string): Promise<readonly number[] | null> {
  try {
    return await tokenizer.encode(text);
  } catch (thrown) {
    assert.ok(thrown instanceof Fault && thrown.code === 'tokenizer', String(thrown));
    assert.match(
      thrown.message,
      /^The model's tokenizer cannot read prompts: this text has parts that it does not know.*\.$/,
    );
    return null;
  }
}

test(
  'texts become the ids that the hub’s library gives, whatever the tokenizer is made of',
  { concurrency: 4 },
  async (t) => {
    assert.equal(texts.length, 30);
    await Promise.all(
      Object.entries(kinds).map(([name, kind]) =>
        t.test(name, async () => {
          const tokenizer = opened(kind);
          assert.deepEqual(tokenizer.prompts, { ok: true });
          for (const [i, text] of texts.entries()) {
            const ids = await idsOf(tokenizer, text);
            assert.deepEqual(ids, kind.ids[i], JSON.stringify(text));
            // The space before a text's first word is no part of the words; the library leaves it out, or writes it.
            const read = kind.texts?.[i];
            if (read !== undefined && ids) assert.equal(tokenizer.decode(ids).trimStart(), read.trimStart(), name);
          }
        }),
      ),
    );
  },
);

interface Case {
  readonly base: string;
  readonly parts: Readonly<Record<string, unknown>>;
  readonly config: unknown;
  readonly model: unknown;
  readonly more: Readonly<Record<string, unknown>>;
  /** The class that Transformers takes. */
  readonly class: string;
  readonly ids: readonly (readonly number[])[];
}
const transformers = JSON.parse(readFileSync(join(fixtures, 'transformers.json'), 'utf8')) as {
  readonly texts: readonly string[];
  readonly cases: Readonly<Record<string, Case>>;
};

test('with a tokenizer_config.json, texts become the ids that Transformers gives', { concurrency: 4 }, async (t) => {
  assert.ok(Object.keys(transformers.cases).length > 80);
  await Promise.all(
    Object.entries(transformers.cases).map(([name, one]) =>
      t.test(name, async () => {
        const tokenizer = opened(one, { 'tokenizer_config.json': one.config, 'config.json': one.model, ...one.more });
        assert.deepEqual(tokenizer.prompts, { ok: true });
        for (const [i, text] of transformers.texts.entries())
          assert.deepEqual(await tokenizer.encode(text), one.ids[i], `${JSON.stringify(text)} of ${one.class}`);
      }),
    ),
  );
});

test('BOS and EOS that only a configuration asks for are told of', () => {
  const said = (config: object, parts: Readonly<Record<string, unknown>> = {}): string | undefined =>
    opened({ base: 'byte-level', parts }, { 'tokenizer_config.json': config }).note;
  const template = kinds['post-processor TemplateProcessing']?.parts ?? {};
  assert.equal(said({}), undefined);
  assert.equal(said({ add_bos_token: true }, template), undefined);
  assert.match(said({ add_bos_token: true }) ?? '', /^add_bos_token is true, but a token is not put before a text: /);
  assert.match(said({ add_bos_token: false }, template) ?? '', /^add_bos_token is false, but a token is put before a/);
  assert.match(said({ add_bos_token: true, add_eos_token: true }) ?? '', /; add_eos_token is true, .* behind a text: /);
});

test('what cannot be said of a tokenizer is refused for prompts by name, and tokens show', async () => {
  const refused: readonly (readonly [base: string, config: object, why: RegExp])[] = [
    [
      'unigram',
      { tokenizer_class: 'LlamaTokenizer' },
      /Transformers reads it by LlamaTokenizer, which is not for the kind/,
    ],
    [
      'word-level',
      { tokenizer_class: 'GPT2TokenizerFast' },
      /by GPT2Tokenizer, which is not for the kind of its model\.$/,
    ],
    ['byte-level', { split_special_tokens: true }, /split_special_tokens/],
  ];
  for (const [base, config, why] of refused) {
    const tokenizer = opened({ base, parts: {} }, { 'tokenizer_config.json': config });
    assert.match(tokenizer.prompts.ok ? '' : tokenizer.prompts.reason, why);
    assert.equal((await faultOf(tokenizer.encode('the sea'))).code, 'tokenizer');
    assert.equal(tokenizer.token(0).text, '<s>');
    assert.equal(await tokenizer.tokenNamed('<s>'), 0);
  }
});
