import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { bundle, languages, strings } from './tools/strings.js';

/** What the program says in other languages: all of it, and with everything that English puts into it. */

const root = path.resolve(import.meta.dirname, '..');
const manifest = (name: string): Record<string, string> =>
  JSON.parse(readFileSync(path.join(root, name), 'utf8')) as Record<string, string>;
const sorted = (found: Iterable<RegExpMatchArray>): string[] => [...found].map(([text]) => text).sort();

test('every string of the code has its translation, with the same values in it', () => {
  assert.deepEqual(languages(), ['de']);
  for (const language of languages()) {
    const words = bundle(language);
    assert.deepEqual(Object.keys(words), strings(), 'npm run strings');
    for (const [english, said] of Object.entries(words)) {
      assert.notEqual(said.trim(), '', `${language} has no word for: ${english}`);
      const values = new Set(sorted(english.matchAll(/\{\d+\}/g)));
      assert.deepEqual(new Set(sorted(said.matchAll(/\{\d+\}/g))), values, english);
      assert.deepEqual(
        [/^\s*/.exec(said), /\s*$/.exec(said)].map(String),
        [/^\s*/.exec(english), /\s*$/.exec(english)].map(String),
        english,
      );
    }
  }
});

test('what VS Code shows of the manifest is translated, with its commands and settings', () => {
  const english = manifest('package.nls.json');
  const named = /\(command:[\w.]+\)|`[^`]+`|\*\*/g;
  for (const language of languages()) {
    const words = manifest(`package.nls.${language}.json`);
    assert.deepEqual(Object.keys(words), Object.keys(english));
    for (const [key, said] of Object.entries(words)) {
      assert.notEqual(said.trim(), '', key);
      assert.deepEqual(sorted(said.matchAll(named)), sorted((english[key] ?? '').matchAll(named)), key);
    }
  }
});
