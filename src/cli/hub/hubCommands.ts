import { COMMAND_FLAGS } from '../commandFlags.js';
import { bad } from '../computing.js';
import { parseFlags } from '../parseFlags.js';

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
  const { values, positionals } = parseFlags(args, COMMAND_FLAGS[command]);
  if (values.has('help')) return { kind: 'help' };
  const debug = values.has('debug');
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
  return { kind: 'download', name: first, dryRun: values.has('dry-run'), quiet: values.has('quiet'), debug };
}
