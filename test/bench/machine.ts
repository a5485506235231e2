import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { physicalCores } from '../../src/engine/cores.js';

/** What a table of times must say of where they were taken. */
export function describeMachine(): string {
  const model = os.cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${model}, ${physicalCores() ?? '?'} cores (${os.availableParallelism()} threads), ${Math.round(os.totalmem() / 2 ** 30)} GB, ${os.type()}, Node ${process.versions.node}; load ${os.loadavg()[0]?.toFixed(1) ?? '?'}`;
}

/** A figure of /proc/PID/status in MB, where the system has it (Linux). */
export function memory(pid: number | undefined, field: 'VmHWM' | 'VmRSS'): number {
  const status = `/proc/${pid ?? 0}/status`;
  if (!existsSync(status)) return NaN;
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(status, 'utf8'))?.[1] ?? NaN) / 1000;
}

/** User and system time of a process in seconds, where the system tells (Linux). */
export function processorSeconds(pid: number | undefined): number {
  const file = `/proc/${pid ?? 0}/stat`;
  if (!existsSync(file)) return NaN;
  const fields = readFileSync(file, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

/** Three digits. */
export const three = (value: number): number => Number(value.toPrecision(3));

/** As a factor with a unit that says which way. */
export const times = (value: number): string =>
  Number.isFinite(value) ? `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ×` : '–';
