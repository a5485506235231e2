import assert from 'node:assert/strict';
import prettier from 'prettier';

/** What stands in a document between `<!-- name...-->` and `<!-- end of name -->`. */
export function blockOf(document: string, name: string): string {
  const found = new RegExp(`<!-- ${name}\\b[^>]*-->\n([^]*?)\n?<!-- end of ${name} -->`).exec(document);
  assert.ok(found, `there is no block "${name}"`);
  return (found[1] ?? '').trim();
}

/** A Markdown table, formatted as the repository is. */
export async function table(head: readonly string[], rows: readonly (readonly string[])[]): Promise<string> {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const text = [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
  return (await prettier.format(text, { parser: 'markdown' })).trim();
}
