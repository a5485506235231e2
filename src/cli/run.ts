import { ranOutOfMemory } from '../engine/client.js';
import { version } from '../host/installation.js';
import { safeText } from '../map/display.js';
import { Fault } from '../map/fault.js';
import { boundaries } from './boundaries.js';
import { parseCommand } from './arguments.js';
import { compare } from './compare.js';
import { draw, Stopped } from './draw.js';
import { exitCode, faultLine } from './exitCodes.js';
import { features } from './features.js';
import { fitTranslator } from './fitTranslator.js';
import { commandHelp, helpText } from './help.js';
import { showCache } from './hub/cache.js';
import { downloadModel } from './hub/download.js';
import { inspect } from './inspect.js';
import { lens } from './lens.js';
import { drawProfile } from './profile.js';
import type { Output } from './progress.js';
import { serve } from './serve/serve.js';
import { standardStream } from './streams.js';
import { drawSeries } from './series/series.js';
import { study } from './study/study.js';

/**
 * Does what the arguments ask for and gives the exit code. A fault becomes one line on `err`, with what it came from below
 * where `--debug` was given.
 */
export async function run(args: readonly string[], out: Output, err: Output, signal: AbortSignal): Promise<number> {
  try {
    const command = parseCommand(args);
    if (command.kind === 'help') out.write(command.of === undefined ? helpText() : commandHelp(command.of));
    else if (command.kind === 'version') out.write(`${version()}\n`);
    else if (command.kind === 'inspect') await inspect(command, out, err, signal);
    else if (command.kind === 'download') await downloadModel(command, out, err, signal);
    else if (command.kind === 'cache') showCache(command, out);
    else if (command.kind === 'boundaries') await boundaries(command, out, err, signal);
    else if (command.kind === 'fit-translator') await fitTranslator(command, out, err, signal);
    else if (command.kind === 'lens') await lens(command, out, err, signal);
    else if (command.kind === 'features') await features(command, out, err, signal);
    else if (command.kind === 'compare') await compare(command, out, err, signal);
    else if (command.kind === 'serve') await serve(process.stdin, standardStream(process.stdout), signal);
    else if (command.kind === 'draw') await draw(command, out, err, signal);
    else if (command.kind === 'profile') await drawProfile(command, out, err, signal);
    else if (command.kind === 'series') await drawSeries(command, out, err, signal);
    else await study(command, out, err, signal);
    return 0;
  } catch (thrown) {
    const fault =
      signal.aborted && !(thrown instanceof Stopped)
        ? new Stopped('nothing was written')
        : forTerminal(Fault.from(thrown));
    err.write(`${faultLine(fault)}\n`);
    if (args.includes('--debug') && fault.code !== 'cancelled') {
      const stack = thrown instanceof Error ? thrown.stack : undefined;
      for (const more of [fault.detail, stack])
        for (const line of more?.split('\n') ?? []) err.write(`${safeText(line, 2000)}\n`);
    }
    return exitCode(fault);
  }
}

/** The fault of an engine that died, with what helps on a command line. */
function forTerminal(fault: Fault): Fault {
  if (fault.code !== 'engine-died') return fault;
  const hint =
    'Nothing was written. If memory was short, try a smaller --batch-size; --debug shows what the engine said.';
  if (!ranOutOfMemory(fault)) return new Fault({ ...fault.toData(), hint });
  return new Fault({ ...fault.toData(), code: 'memory', message: 'Memory ran out, and the engine ended.', hint });
}
