import { parseArgs } from 'node:util';
import { bad } from '../computing.js';

/** What is asked of the hub and of the caches. */
export type HubCommand =
  | {
      readonly kind: 'download';
      readonly name: string;
      readonly dryRun: boolean;
      readonly quiet: boolean;
      readonly debug: boolean;
    }
  | { readonly kind: 'cache'; readonly clear: boolean; readonly debug: boolean };

/** Reads what follows `download` or `cache`. @throws Fault `bad-parameter`. */
export function parseHubCommand(
  command: 'download' | 'cache',
  args: readonly string[],
): HubCommand | { readonly kind: 'help' } {
  const { tokens } = parseArgs({
    args: [...args],
    options: { help: { type: 'boolean', short: 'h' } },
    strict: false,
    tokens: true,
  });
  const positionals = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const given = new Set<string>();
  const known = ['help', 'debug', ...(command === 'download' ? ['dry-run', 'quiet'] : [])];
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    if (!known.includes(token.name))
      throw bad(`There is no flag ${token.rawName} of ${command}.`, 'embedding-grid --help lists the flags.');
    if (token.value !== undefined) throw bad(`--${token.name} takes no value.`);
    given.add(token.name);
  }
  if (given.has('help')) return { kind: 'help' };
  const debug = given.has('debug');
  const [first, second] = positionals;
  if (command === 'cache') {
    if (second !== undefined || (first !== undefined && first !== 'clear'))
      throw bad(
        `"cache ${positionals.join(' ')}" is not understood.`,
        'Write embedding-grid cache, or embedding-grid cache clear.',
      );
    return { kind: 'cache', clear: first === 'clear', debug };
  }
  if (first === undefined || second !== undefined)
    throw bad('download takes one model.', 'Write embedding-grid download ORG/NAME[/FILE][@REVISION].');
  return { kind: 'download', name: first, dryRun: given.has('dry-run'), quiet: given.has('quiet'), debug };
}
