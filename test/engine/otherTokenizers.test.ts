import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { findModel } from '../../src/engine/findModel.js';
import { openTokenizer } from '../../src/engine/tokenizer.js';
import { temporaryFolder } from './temporary.js';

/** Tokenizers that stand in other files than tokenizer.json, against transformers 5 (make.py beside the fixtures). */

const fixtures = join(import.meta.dirname, '..', 'fixtures', 'otherTokenizers');
const built = join(import.meta.dirname, '..', '..', 'dist');
const schema = v.object({ texts: v.array(v.string()), ids: v.record(v.string(), v.array(v.array(v.number()))) });
const { texts, ids } = v.parse(schema, JSON.parse(readFileSync(join(fixtures, 'ids.json'), 'utf8')));

function opened(name: string, spoil: (folder: string) => void = () => undefined): ReturnType<typeof openTokenizer> {
  const folder = temporaryFolder();
  cpSync(join(fixtures, name), folder, { recursive: true });
  writeFileSync(join(folder, 'model.onnx'), '');
  spoil(folder);
  return openTokenizer(findModel(folder), 1000, built);
}

for (const [name, wanted] of Object.entries(ids))
  test(name, async () => {
    const tokenizer = opened(name);
    assert.equal(tokenizer.reason, undefined);
    for (const [i, text] of texts.entries())
      assert.deepEqual(await tokenizer.encode(text), wanted[i], JSON.stringify(text));
  });

test('files that are damaged cost the words, with the reason', () => {
  const damaged = (name: string, file: string, content: string): string | undefined =>
    opened(name, (folder) => writeFileSync(join(folder, file), content)).reason;
  assert.match(damaged('pieces-llama', 'tokenizer.model', '\u0001\u0002\u0003') ?? '', /no model of SentencePiece/);
  assert.match(damaged('tiktoken', 'tokenizer.model', 'IQ== 0\nnonsense\n') ?? '', /no token and its rank/);
  assert.match(damaged('tekken', 'tekken.json', '{}') ?? '', /holds no vocabulary/);
  assert.match(damaged('vocab-gpt2', 'vocab.json', '[1') ?? '', /no JSON/);
});
