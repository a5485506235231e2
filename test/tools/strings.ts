/**
 * `npm run strings`: what the program says by `t`, from its code into the bundles of l10n/. What is new comes without a translation,
 * as "", what is gone goes; test/l10n.test.ts asks that nothing is left so.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = path.resolve(import.meta.dirname, '..', '..');
const folder = path.join(root, 'l10n');

/** English strings, and what they are in another language. */
type Bundle = Readonly<Record<string, string>>;

/** Every string that is given to `t`, once each, sorted. @throws where it is no literal: nobody could translate it. */
export function strings(): string[] {
  const found = new Set<string>();
  for (const room of ['src', 'webview'])
    for (const name of readdirSync(path.join(root, room), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue;
      const text = readFileSync(path.join(root, room, name), 'utf8');
      if (text.includes("from '@vscode/l10n'")) collect(ts.createSourceFile(name, text, ts.ScriptTarget.Latest), found);
    }
  return [...found].sort();
}

function collect(file: ts.SourceFile, found: Set<string>): void {
  const look = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 't') {
      const [said] = node.arguments;
      if (!said || !ts.isStringLiteralLike(said)) throw new Error(`${file.fileName}: t(...) of what is no literal.`);
      found.add(said.text);
    }
    ts.forEachChild(node, look);
  };
  look(file);
}

/** Languages that there are, as VS Code names them. */
export const languages = (): string[] =>
  readdirSync(folder).map((name) => name.replace(/^bundle\.l10n\.|\.json$/g, ''));

const bundleFile = (language: string): string => path.join(folder, `bundle.l10n.${language}.json`);
export const bundle = (language: string): Bundle => JSON.parse(readFileSync(bundleFile(language), 'utf8')) as Bundle;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const asked = strings();
  for (const language of languages()) {
    const there = bundle(language);
    const words = asked.map((text) => [text, there[text] ?? ''] as const);
    writeFileSync(bundleFile(language), `${JSON.stringify(Object.fromEntries(words), null, 2)}\n`);
    const missing = words.filter(([, said]) => said === '').length;
    process.stdout.write(`${language}: ${asked.length} strings, ${missing} without a translation\n`);
  }
}
