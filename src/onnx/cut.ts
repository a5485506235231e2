import type { Anatomy } from './anatomy.js';
import type { CellCut, CellOutput } from './cut/cellCut.js';
import { enterCells } from './cut/entry.js';
import { headOfLast, headReadOnce, transposedHead, unscaled } from './cut/head.js';
import { CUT, stateName } from './cut/names.js';
import { leaveCells } from './cut/outputs.js';
import { rotaryForBatches } from './cut/rotary.js';
import { readShapesFrom } from './cut/shapes.js';
import { needed, slice } from './cut/slice.js';
import { reaching, valueInputs } from './dataflow.js';
import { DataType, type Graph, node, valueInfo } from './graph.js';
import { rankOf } from './inference.js';
import { batchAxisOf } from './interface.js';
import { loneAttention } from './loneAttention.js';
import { isLookup, isTruth } from './operators/table.js';
import { shareShapes } from './shareShapes.js';
import { repeatPasts, splitPasts } from './sharedPast.js';
import { unsupported } from './source.js';
import { withinBudget } from './work.js';

/**
 * The part of a model that turns hidden states at a layer into predictions for the last position.
 * @throws ModelError `unsupported` where the rest of the model reads more than the residual stream.
 */
export const cutCells = (anatomy: Anatomy, cut: CellCut): Graph => withinBudget(() => cellsOf(anatomy, cut));

function cellsOf(anatomy: Anatomy, cut: CellCut): Graph {
  const { graph, head, residual } = anatomy;
  const start = cut.layer === 'head' ? head.opening : residual[cut.layer + 1];
  if (start === undefined) throw new RangeError(`No layer ${cut.layer}.`);
  const end = endOf(anatomy, cut);

  const entry = enterCells(anatomy, start, cut);
  const redirected = cut.layer === 'head' ? graph.nodes : readShapesFrom(anatomy, cut.layer, start);
  const plain =
    cut.layer === 'head'
      ? redirected.map((n) => (n.output.includes(head.matmul.output[0] ?? '') ? unscaled(n) : n))
      : redirected;
  const renamed = plain.filter((n) => !n.output.includes(start));
  const exit = leaveCells(graph, end, rankOf(graph, end) ?? 3, cut.output);
  const result = slice(
    graph,
    [...entry.nodes, ...renamed, ...exit.nodes],
    exit.outputs,
    [...entry.initializers, ...exit.initializers],
    [...entry.inputs, ...exit.inputs],
  );
  refuseIdsByValue(result, anatomy, start);
  const alone = !cut.around.prefix && !cut.around.suffix;
  const attended = shareAttention(result, anatomy, cut.attention);
  const whole = transposedHead(rotaryForBatches(alone ? attended : headOfLast(attended, anatomy)));
  return needed(shareShapes(cut.output.kind === 'head' ? headReadOnce(whole, anatomy) : whole));
}

/**
 * The part of a model that turns the hidden states of a sequence at a layer into the keys and values of the blocks behind it.
 * @param presents of {@link CUT.cells}, which here takes [batch, positions, hiddenSize]
 * @param output what is given besides, for the last position; then the graph takes cells behind past keys and values as well
 * @throws ModelError `unsupported` where the rest of the model reads more than the residual stream.
 */
export const cutPresents = (anatomy: Anatomy, layer: number, presents: readonly string[], output?: CellOutput): Graph =>
  withinBudget(() => {
    const { graph, residual } = anatomy;
    const start = residual[layer + 1];
    if (start === undefined) throw new RangeError(`No layer ${layer}.`);
    const entry = enterCells(anatomy, start, { layer, around: { prefix: false, suffix: false } }, 'positions');
    const renamed = readShapesFrom(anatomy, layer, start).filter((n) => !n.output.includes(start));
    const { logits } = anatomy.interface;
    const exit = output && leaveCells(graph, logits, rankOf(graph, logits) ?? 3, output);
    const result = slice(
      graph,
      [...entry.nodes, ...renamed, ...(exit?.nodes ?? [])],
      [...graph.outputs.filter((o) => presents.includes(o.name)), ...(exit?.outputs ?? [])],
      [...entry.initializers, ...(exit?.initializers ?? [])],
      [...entry.inputs, ...(exit?.inputs ?? [])],
    );
    refuseIdsByValue(result, anatomy, start);
    if (!exit) return needed(shareShapes(result));
    const attended = shareAttention(result, anatomy, undefined);
    return needed(shareShapes(transposedHead(rotaryForBatches(headOfLast(attended, anatomy)))));
  });

/** The weights that a cut graph reads: what stands behind the cut, as the model has it. Not to be run. */
export const cutWeights = (anatomy: Anatomy, cut: CellCut): Graph =>
  withinBudget(() => {
    const { graph, head, residual } = anatomy;
    const start = cut.layer === 'head' ? head.opening : residual[cut.layer + 1];
    if (start === undefined) throw new RangeError(`No layer ${cut.layer}.`);
    const nodes = cut.layer === 'head' ? graph.nodes : readShapesFrom(anatomy, cut.layer, start);
    const behind = nodes.filter((n) => !n.output.includes(start));
    return slice(
      graph,
      behind,
      [valueInfo(endOf(anatomy, cut), DataType.FLOAT)],
      [],
      [valueInfo(start, DataType.FLOAT)],
    );
  });

/** Past keys and values are fed with batch 1, whatever the batch of the cells. */
function shareAttention(graph: Graph, anatomy: Anatomy, attention: CellCut['attention']): Graph {
  const { graph: whole, interface: io } = anatomy;
  const pasts = new Map(io.caches.map((slot) => [slot.past, batchAxisOf(slot)]));
  const shared =
    attention === 'lone' ? loneAttention(graph) : attention === 'split' ? splitPasts(graph, pasts, whole) : graph;
  return needed(repeatPasts(shared === graph ? graph : needed(shared), pasts, CUT.cells));
}

function endOf({ head, residual, interface: io }: Anatomy, { layer, output }: CellCut): string {
  if (output.kind === 'normed') return head.opening;
  if (output.kind === 'final') return residual.at(-1) ?? head.opening;
  if (layer === 'head' || output.kind === 'head') return head.closing;
  return (output.kind === 'block' ? residual[layer + 2] : undefined) ?? io.logits;
}

/**
 * The model from its token ids to any of its tensors (hidden states, presents, logits), under their own names. Hidden states
 * and logits are cast to float32.
 */
export const cutStates = (anatomy: Anatomy, tensors: readonly string[], presents: readonly string[]): Graph =>
  withinBudget(() => statesOf(anatomy, tensors, presents));

function statesOf(anatomy: Anatomy, tensors: readonly string[], presents: readonly string[]): Graph {
  const { graph } = anatomy;
  const casts = tensors.map((t) => node('Cast', [t], [stateName(t)], { to: BigInt(DataType.FLOAT) }));
  const outputs = [
    ...tensors.map((t) => valueInfo(stateName(t), DataType.FLOAT)),
    ...graph.outputs.filter((o) => presents.includes(o.name)),
  ];
  return needed(shareShapes(transposedHead(slice(graph, [...graph.nodes, ...casts], outputs, [], []))));
}

/**
 * Behind the cut nothing but a padding mask may depend on the token ids: else the prediction would be a mixture of the
 * vector and of the token that stood in its place.
 */
function refuseIdsByValue(cut: Graph, anatomy: Anatomy, start: string): void {
  const ids = anatomy.interface.ids;
  if (ids === undefined || !cut.isInput(ids)) return;
  const queue = [ids];
  const seen = new Set(queue);
  const matters = reaching(
    cut,
    cut.outputs.map((o) => o.name),
  );
  for (let tensor = queue.pop(); tensor !== undefined; tensor = queue.pop()) {
    for (const n of cut.consumers.get(tensor) ?? []) {
      // A mask that is computed from the ids compares them with the padding id.
      if (!valueInputs(n).includes(tensor) || isTruth(n)) continue;
      if (isLookup(n) && n.input[1] === tensor) {
        // The lookup itself is kept where a later shape hangs on it; only its values would matter.
        if (!matters.has(n.output[0] ?? '')) continue;
        throw unsupported(
          `The model cannot be cut at "${start}": a ${n.opType} behind it looks the token ids up again, so the residual stream does not carry everything.`,
        );
      }
      for (const output of n.output) {
        if (output !== '' && !seen.has(output)) {
          seen.add(output);
          queue.push(output);
        }
      }
    }
  }
}
