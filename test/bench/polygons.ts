/**
 * Milliseconds for the exact regions of 128,256 planes, in one thread, after the rows: `npx tsx test/bench/polygons.ts`.
 * `processor` is the time that the process had a core, for a machine that others use too.
 */
import os from 'node:os';
import { envelope, type PlaneRows } from '../../src/map/polygons.js';
import { normalRows, rowsOf, squareWindow } from '../map/planeRows.js';

const VOCABULARY = 128_256;
const SEEDS = 20;

const cases: readonly (readonly [name: string, half: number, rows: (seed: number) => PlaneRows])[] = [
  ['centered on a vector, window near it', 0.3, (seed) => normalRows(VOCABULARY, seed, { c: 1, slope: 1 })],
  ['centered on a vector', 3, (seed) => normalRows(VOCABULARY, seed, { c: 1, slope: 1 })],
  ['centered on a vector, wide window', 12.5, (seed) => normalRows(VOCABULARY, seed, { c: 1, slope: 1 })],
  ['through the origin (a fan)', 12.5, (seed) => normalRows(VOCABULARY, seed, { c: 0, slope: 1 })],
  ['centered far out', 12.5, (seed) => normalRows(VOCABULARY, seed, { c: 1, slope: 0.1 })],
  ['all planes equal', 12.5, (seed) => rowsOf(VOCABULARY, () => [1, seed, 2])],
];

const middle = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

console.log(`${os.cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}, ${SEEDS} seeds each`);
console.table(
  cases.map(([name, half, rowsFor]) => {
    const [wall, processor, regions]: [number[], number[], number[]] = [[], [], []];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const rows = rowsFor(seed);
      const cpu = process.cpuUsage();
      const started = performance.now();
      regions.push(envelope(rows, squareWindow(half)).length);
      wall.push(performance.now() - started);
      const { user, system } = process.cpuUsage(cpu);
      processor.push((user + system) / 1000);
    }
    const round = (value: number): number => Number(value.toFixed(1));
    return {
      case: name,
      'median, ms': round(middle(wall)),
      'longest, ms': round(Math.max(...wall)),
      'processor median, ms': round(middle(processor)),
      'processor longest, ms': round(Math.max(...processor)),
      regions: `${Math.min(...regions)}–${Math.max(...regions)}`,
    };
  }),
);
