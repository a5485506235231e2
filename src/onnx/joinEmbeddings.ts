import { DataType, edited, elemTypeOf, type Graph, node, type NodeProto } from './graph.js';
import { elementType } from './inference.js';
import { operatorOf } from './operators/table.js';

/** What names of the embeddings' graph begin with in the joined one. */
export const EMBEDDINGS = 'embed_tokens/';

/**
 * A decoder that takes embeddings, and the graph that looks them up, as one that takes token ids.
 * @param input the decoder's input of embeddings
 * @returns undefined where the other graph takes anything but ids, or is written in other operators than the decoder can hold
 */
export function joinEmbeddings(decoder: Graph, input: string, embedding: Graph): Graph | undefined {
  const [ids, ...others] = embedding.inputs;
  const type = elemTypeOf(ids);
  if (!ids || others.length > 0 || (type !== DataType.INT64 && type !== DataType.INT32)) return undefined;
  if (decoder.inputs.some(({ name }) => name === ids.name)) return undefined;
  if (!embedding.nodes.every((n) => operatorOf(n).lasting)) return undefined;
  const [output] = embedding.outputs.filter(({ name }) => /embed/i.test(name) || embedding.outputs.length === 1);
  if (!output) return undefined;

  // Names of their own; the ids keep theirs.
  const renamed = (name: string): string => (name === '' || name === ids.name ? name : `${EMBEDDINGS}${name}`);
  const nodes: NodeProto[] = embedding.nodes.map((n) =>
    edited(n, {
      name: n.name === '' ? '' : `${EMBEDDINGS}${n.name}`,
      input: n.input.map(renamed),
      output: n.output.map(renamed),
    }),
  );
  const [made, wanted] = [
    elementType(embedding, output.name) ?? DataType.FLOAT,
    elemTypeOf(decoder.valueInfo.get(input)) ?? DataType.FLOAT,
  ];
  nodes.push(
    made === wanted
      ? node('Identity', [renamed(output.name)], [input])
      : node('Cast', [renamed(output.name)], [input], { to: BigInt(wanted) }),
  );
  const opsets = new Map([...embedding.opsets, ...decoder.opsets]);
  const initializers = [...embedding.initializers.values()].map((t) => edited(t, { name: renamed(t.name) }));
  return decoder.with({
    nodes: [...nodes, ...decoder.nodes],
    initializers: [...initializers, ...decoder.initializers.values()],
    inputs: [ids, ...decoder.inputs.filter(({ name }) => name !== input)],
    valueInfo: [...decoder.valueInfo.values()].filter(({ name }) => name !== input),
    opsets,
  });
}
