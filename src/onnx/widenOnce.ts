import { edited, inputsOf, node, type NodeProto } from './graph.js';

/**
 * Numbers of 8 bits on their way between operators are widened once for all that read them, so that one tensor of floats carries
 * them on: where each reader widens them itself, or reads them as they are, none does. What is read as it was is rounded back, which
 * gives the same numbers.
 * @param isStored whether a name is a weight's: weights stay as they are
 */
export function widenOnce(nodes: readonly NodeProto[], isStored: (name: string) => boolean): NodeProto[] {
  const widening = new Map<string, NodeProto[]>();
  for (const n of nodes) {
    const [stored = ''] = n.input;
    if (n.opType !== 'DequantizeLinear' || n.domain !== '' || isStored(stored)) continue;
    widening.set(stored, [...(widening.get(stored) ?? []), n]);
  }
  if (widening.size === 0) return [...nodes];
  const first = new Map<string, NodeProto>();
  const repeated = new Map<NodeProto, string>();
  for (const [stored, some] of widening) {
    const [one, ...others] = some;
    if (!one || others.some((other) => !isSame(one, other))) continue;
    first.set(stored, one);
    for (const other of others) repeated.set(other, one.output[0] ?? '');
  }
  const back = new Map<string, NodeProto>();
  const roundedBack = (n: NodeProto, stored: string): string => {
    const one = first.get(stored);
    if (!one || n === one || ONLY_SHAPES.has(n.opType) || one.attribute.length > 0) return stored;
    const [, scale = '', zero] = one.input;
    const name = `${stored}/embedding_grid.rounded`;
    const input = [one.output[0] ?? '', scale, ...(zero === undefined ? [] : [zero])];
    back.set(stored, node('QuantizeLinear', input, [name]));
    return name;
  };
  const result = nodes.map((n) => {
    const same = repeated.get(n);
    if (same !== undefined) return node('Identity', [same], n.output);
    return inputsOf(n).some((input) => first.has(input)) && n.attribute.every((a) => !a.g)
      ? edited(n, { input: n.input.map((input) => (first.has(input) ? roundedBack(n, input) : input)) })
      : n;
  });
  return [...result, ...back.values()];
}

const ONLY_SHAPES: ReadonlySet<string> = new Set(['Shape', 'Size']);

const isSame = (a: NodeProto, b: NodeProto): boolean =>
  a.input.join('\n') === b.input.join('\n') && a.attribute.length === 0 && b.attribute.length === 0;
