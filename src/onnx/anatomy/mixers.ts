import { type Paths, valueInputs } from '../dataflow.js';
import type { Graph, NodeProto } from '../graph.js';
import { shapeOfConstant } from '../inference.js';
import { isProduct, operatorOf, passes } from '../operators/table.js';

/**
 * The operators on the paths that mix positions: attentions, fused or by their softmax, convolutions over time, recurrences. A
 * softmax is an attention's where it stands between two products of values that both flow. One pass either way.
 */
export function mixersOf(graph: Graph, paths: Paths): Set<NodeProto> {
  const flows = (tensor: string): boolean => paths.tensors.has(tensor);
  const joins = (n: NodeProto): boolean => isProduct(n) && n.input.filter(flows).length >= 2;
  const scores = new Set<string>();
  for (const n of paths.nodes)
    if (joins(n) || (passes(n, 'attention') && n.input.some((input) => scores.has(input))))
      for (const output of n.output) scores.add(output);
  const weights = new Set<string>();
  for (let i = paths.nodes.length - 1; i >= 0; i--) {
    const n = paths.nodes[i];
    if (n && (joins(n) || (passes(n, 'attention') && n.output.some((output) => weights.has(output)))))
      for (const input of valueInputs(n)) if (flows(input)) weights.add(input);
  }
  return new Set(paths.nodes.filter(isMixer));

  function isMixer(n: NodeProto): boolean {
    const { role } = operatorOf(n);
    if (role === 'convolution') return isTimeConvolution(graph, n);
    if (role === 'attention' || role === 'recurrence') return true;
    return n.opType === 'Softmax' && scores.has(n.input[0] ?? '') && weights.has(n.output[0] ?? '');
  }
}

/** A convolution whose kernel is wider than one position. */
function isTimeConvolution(graph: Graph, n: NodeProto): boolean {
  const shape = shapeOfConstant(graph, n.input[1] ?? '');
  return shape === undefined || shape.slice(2).some((k) => k > 1);
}

/** How many token mixers lie between dominator i and dominator i + 1, and before the first dominator. */
export function mixersBySegment(paths: Paths, mixers: ReadonlySet<NodeProto>): { before: number; counts: number[] } {
  const counts = new Array<number>(paths.dominators.length).fill(0);
  let before = 0;
  let segment = -1;
  let nextDominator = 0;
  paths.nodes.forEach((n, i) => {
    while (nextDominator < paths.dominators.length && (paths.dominators[nextDominator]?.at ?? Infinity) < i) {
      segment = nextDominator++;
    }
    // The producer of dominator k + 1 closes segment k.
    if (!mixers.has(n)) return;
    if (segment < 0) before++;
    else counts[segment] = (counts[segment] ?? 0) + 1;
  });
  return { before, counts };
}
