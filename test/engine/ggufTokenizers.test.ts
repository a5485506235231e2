import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { findModel } from '../../src/engine/findModel.js';
import { openTokenizer } from '../../src/engine/tokenizer.js';

/** Tokenizers that stand in GGUF's metadata, against what transformers 5 makes of the same files (make.py beside them). */

const folder = join(import.meta.dirname, '..', 'fixtures', 'gguf', 'tokenizers');
const built = join(import.meta.dirname, '..', '..', 'dist');
const schema = v.object({ texts: v.array(v.string()), ids: v.record(v.string(), v.array(v.array(v.number()))) });
const { texts, ids } = v.parse(schema, JSON.parse(readFileSync(join(folder, 'ids.json'), 'utf8')));

for (const [name, wanted] of Object.entries(ids))
  test(name, async () => {
    const tokenizer = openTokenizer(findModel(join(folder, `${name}.gguf`)), 1000, built);
    assert.equal(tokenizer.reason, undefined);
    for (const [i, text] of texts.entries())
      assert.deepEqual(await tokenizer.encode(text), wanted[i], JSON.stringify(text));
  });
