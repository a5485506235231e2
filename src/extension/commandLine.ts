import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { commandLine, displayToFlags, flagWithValue, parametersToFlags } from '../map/flags.js';
import { snippet } from '../map/snippet.js';
import { DEFAULT_BATCH_SIZE } from '../map/specification.js';
import type { CommandLineSubject } from '../panel/dependencies.js';
import { showBriefly } from './window.js';

/** The command that makes a map in a terminal. `bundled`: the model that the command takes without `--model`. */
export function commandLineOf(subject: CommandLineSubject, bundled: string): string {
  const { modelPath, parameters, display, device, batchSize } = subject;
  return commandLine(
    [
      'embedding-grid',
      ...(modelPath === bundled ? [] : flagWithValue('model', modelPath)),
      ...parametersToFlags(parameters),
      ...displayToFlags(display, parameters),
      ...(device === 'auto' ? [] : ['--device', device]),
      ...(batchSize === DEFAULT_BATCH_SIZE ? [] : ['--batch-size', String(batchSize)]),
    ],
    process.platform === 'win32' || /\bpwsh$/.test(vscode.env.shell) ? 'windows' : 'posix',
  );
}

/** The same as a program of the library. */
export const programOf = ({ modelPath, ...rest }: CommandLineSubject, bundled: string): string =>
  snippet({ ...rest, model: modelPath === bundled ? undefined : modelPath });

/** Copies a command line and says so. */
export async function copyCommand(command: string): Promise<void> {
  await vscode.env.clipboard.writeText(command);
  showBriefly('terminal', t('Command line copied'));
}
