import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Fault } from '../map/fault.js';
import { showError } from './window.js';

export type Log = vscode.LogOutputChannel;

export const createLog = (): Log => vscode.window.createOutputChannel('Embedding Grid', { log: true });

/** Writes a fault with everything that it knows. */
export function logFault(log: Log, fault: Fault): void {
  log.error([fault.message, fault.hint, fault.detail].filter((line) => line !== undefined).join('\n'));
}

/** Shows a fault with its hint, and the log one click away. A cancel is not shown. */
export async function showFault(log: Log, fault: Fault): Promise<void> {
  if (fault.code === 'cancelled') return;
  logFault(log, fault);
  const text = fault.hint === undefined ? fault.message : `${fault.message} ${fault.hint}`;
  if ((await showError(text, t('Show Log'))) === t('Show Log')) log.show();
}
