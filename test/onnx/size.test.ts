import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findAnatomy } from '../../src/onnx/anatomy.js';
import { create } from '@bufbuild/protobuf';
import { AttributeType, decodeModel, edited, type Graph, node, type NodeProto } from '../../src/onnx/graph.js';
import {
  AttributeProtoSchema,
  FunctionProtoSchema,
  GraphProtoSchema,
  ValueInfoProtoSchema,
} from '../../src/onnx/proto/onnx_pb.js';
import { normalize } from '../../src/onnx/normalize.js';
import { ModelError } from '../../src/onnx/source.js';
import { llama, seededWeights, TINY } from '../engine/llama.js';

/** kB, a quarter of the usual: for it a graph of 31,000 operators is deep. */
const SMALL_STACK = 240;

test('a graph of more operators and weights than a stack holds is read and cut', async () => {
  const file = fileURLToPath(new URL('./deepGraph.ts', import.meta.url));
  await promisify(execFile)(process.execPath, [`--stack-size=${SMALL_STACK}`, '--import', 'tsx', file]);
});

/** A sound decoder with an odd part, small in bytes and long to look at. */
const BOMBS: Readonly<Record<string, (graph: Graph) => NodeProto[]>> = {
  'a chain of 100,000 Identity behind the ids': ({ nodes }) => [
    ...chain(100_000, 'input_ids', (from, to) => node('Identity', [from], [to])),
    ...nodes.map((n) => edited(n, { input: n.input.map((i) => (i === 'input_ids' ? 'c99999' : i)) })),
  ],
  '200,000 sums of the ids': ({ nodes }) => [
    ...nodes,
    ...chain(200_000, 'input_ids', (from, to) => node('Add', [from, 'input_ids'], [to])),
  ],
  '30,000 joined tensors of unknown sizes': ({ nodes }) => [
    ...nodes,
    node('NonZero', ['input_ids'], ['z']),
    ...Array.from({ length: 30_000 }, (_, i) => [
      node('NonZero', ['input_ids'], [`z${i}`]),
      node('Concat', [i ? `k${i - 1}` : 'z', `z${i}`], [`k${i}`], { axis: 1n }),
    ]).flat(),
  ],
  '100,000 softmaxes': ({ nodes, outputs }) => {
    const logits = outputs[0]?.name ?? '';
    return [
      ...nodes.map((n) => edited(n, { output: n.output.map((o) => (o === logits ? 'was' : o)) })),
      ...chain(100_000, 'was', (from, to, i) => node('Softmax', [from], [i === 99_999 ? logits : to])),
    ];
  },
};

const chain = (length: number, from: string, make: (from: string, to: string, i: number) => NodeProto): NodeProto[] =>
  Array.from({ length }, (_, i) => make(i ? `c${i - 1}` : from, `c${i}`, i));

for (const [name, make] of Object.entries(BOMBS))
  test(`${name}: a sentence`, () => {
    const sound = llama(TINY, seededWeights());
    const bomb = sound.with({ nodes: make(sound) });
    assert.throws(
      () => findAnatomy(normalize(decodeModel(bomb.toBytes()))),
      (error) => error instanceof ModelError && /operators for 2 blocks|more work/.test(error.message),
    );
  });

test('a function whose branch of 3,000 operators is called 2,000 times: a sentence', () => {
  const sound = llama(TINY, seededWeights());
  const model = decodeModel(sound.toBytes());
  const branch = create(GraphProtoSchema, {
    name: 'branch',
    node: chain(3000, 'x', (from, to) => node('Identity', [from], [to])),
    output: [create(ValueInfoProtoSchema, { name: 'c2999' })],
  });
  const choice = node('If', ['c'], ['y']);
  const body = ['then_branch', 'else_branch'].map((name) =>
    create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g: branch }),
  );
  model.functions.push(
    create(FunctionProtoSchema, {
      name: 'F',
      domain: 'own',
      input: ['c', 'x'],
      output: ['y'],
      node: [edited(choice, { attribute: body })],
    }),
  );
  for (let i = 0; i < 2000; i++) model.graph?.node.push(node('F', ['input_ids', 'input_ids'], [`f${i}`], {}, 'own'));
  assert.throws(() => normalize(model), /unfolds to more operators/);
});
