import type { Anatomy } from '../anatomy.js';
import { valueInputs } from '../dataflow.js';
import { DataType, type Graph, node, valueInfo } from '../graph.js';
import { isSum } from '../operators/table.js';
import { spend, withinBudget } from '../work.js';
import { enterCells } from './entry.js';
import { stateName } from './names.js';
import { readShapesFrom } from './shapes.js';
import { slice } from './slice.js';

/** A place where positions of the hidden states entering a block come together under a mask. */
export interface Mixing {
  readonly block: number;
  /** Tensor behind it that all of the block passes: the first such. */
  readonly end: string;
  /** What the block is made of; blocks that are made alike use a mask alike. */
  readonly kind: string;
}

/** Where a mask is read by value: one block of every kind. */
export const mixingsUnder = (anatomy: Anatomy, mask: string): Mixing[] => withinBudget(() => mixingsOf(anatomy, mask));

function mixingsOf(anatomy: Anatomy, mask: string): Mixing[] {
  const { graph, paths, residual } = anatomy;
  const at = new Map(paths.dominators.map((d, i) => [d.tensor, i]));
  const found = new Map<string, Mixing>();
  residual.slice(0, -1).forEach((start, block) => {
    const [from, to] = [at.get(start) ?? -1, at.get(residual[block + 1] ?? '') ?? -1];
    const places = paths.dominators.slice(from + 1, to + 1);
    const first = paths.dominators[from]?.at ?? -1;
    const kind = paths.nodes
      .slice(first + 1, (places.at(-1)?.at ?? first) + 1)
      .map((n) => n.opType)
      .join();
    if (found.has(kind)) return;
    const end = places.find(
      (d, i) => (i === places.length - 1 || isSum(d.producer)) && readsBehind(graph, start, d.tensor).has(mask),
    );
    if (end) found.set(kind, { block, end: end.tensor, kind });
  });
  return [...found.values()];
}

/** Whether every block takes something over from before: else what came before cannot be left out. */
export function takesPastEverywhere({ graph, interface: io, residual }: Anatomy): boolean {
  const pasts = new Set(io.caches.map((slot) => slot.past));
  return withinBudget(() =>
    residual.slice(1).every((end, block) => {
      for (const read of readsBehind(graph, residual[block] ?? '', end)) if (pasts.has(read)) return true;
      return false;
    }),
  );
}

/** Tensors whose values one depends on without passing another. */
function readsBehind(graph: Graph, start: string, end: string): Set<string> {
  const reached = new Set([end]);
  const queue = [end];
  for (let tensor = queue.pop(); tensor !== undefined; tensor = queue.pop()) {
    const n = graph.producers.get(tensor);
    const inputs = n ? valueInputs(n) : [];
    spend(1 + inputs.length);
    for (const input of inputs)
      if (input !== start && !reached.has(input)) {
        reached.add(input);
        queue.push(input);
      }
  }
  return reached;
}

/**
 * From the hidden states of all positions entering a block, fed as {@link CUT.cells} [1, positions, hiddenSize], to where they
 * have come together, given in float32 under {@link stateName}.
 */
export const cutMixing = (anatomy: Anatomy, mixing: Mixing): Graph => withinBudget(() => mixingOf(anatomy, mixing));

function mixingOf(anatomy: Anatomy, { block, end }: Mixing): Graph {
  const { graph, residual } = anatomy;
  const start = residual[block] ?? '';
  const entry = enterCells(anatomy, start, { layer: block - 1, around: { prefix: false, suffix: false } }, 'positions');
  const nodes = readShapesFrom(anatomy, block - 1, start).filter((n) => !n.output.includes(start));
  const out = node('Cast', [end], [stateName(end)], { to: BigInt(DataType.FLOAT) });
  return slice(
    graph,
    [...entry.nodes, ...nodes, out],
    [valueInfo(stateName(end), DataType.FLOAT)],
    entry.initializers,
    entry.inputs,
  );
}
