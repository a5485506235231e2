import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

/** Processor cores that this process may use; undefined where the system does not tell. */
export function physicalCores(): number | undefined {
  try {
    const siblings = cpus().map((_, i) =>
      readFileSync(`/sys/devices/system/cpu/cpu${i}/topology/thread_siblings_list`, 'utf8'),
    );
    return Math.max(1, Math.min(availableParallelism(), new Set(siblings).size));
  } catch {
    return undefined;
  }
}
