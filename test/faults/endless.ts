import { create } from '@bufbuild/protobuf';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AttributeType,
  DataType,
  edited,
  floatTensor,
  type Graph,
  int64Tensor,
  node,
  valueInfo,
} from '../../src/onnx/graph.js';
import { AttributeProtoSchema, GraphProtoSchema } from '../../src/onnx/proto/onnx_pb.js';
import { withEngine } from '../engine/engine.js';
import { llama, seededWeights, TINY } from '../engine/llama.js';
import { faultOf } from '../engine/sentences.js';
import { temporaryFolder } from '../engine/temporary.js';

/** A sound decoder whose first block's output goes through a loop that hands it on, so many times. */
function looping(times: number): Graph {
  const sound = llama(TINY, seededWeights());
  const nodes = sound.nodes.map((n) => (n.output.includes('h1') ? edited(n, { name: 'was', output: ['was'] }) : n));
  const body = create(GraphProtoSchema, {
    name: 'body',
    input: [valueInfo('i', DataType.INT64, []), valueInfo('on', DataType.BOOL, []), valueInfo('x', DataType.FLOAT)],
    output: [valueInfo('still', DataType.BOOL, []), valueInfo('y', DataType.FLOAT)],
    node: [node('Identity', ['on'], ['still']), node('Identity', ['x'], ['y'])],
  });
  const loop = node('Loop', ['times', 'begin', 'was'], ['h1']);
  loop.attribute.push(create(AttributeProtoSchema, { name: 'body', type: AttributeType.GRAPH, g: body }));
  return sound.with({
    nodes: [...nodes, node('Cast', ['one'], ['begin'], { to: BigInt(DataType.BOOL) }), loop],
    initializers: [
      ...sound.initializers.values(),
      int64Tensor('times', [times], true),
      floatTensor('one', [], Float32Array.of(1)),
    ],
  });
}

/** Seconds until a loop of 2^40 rounds was ended, and what was said; one of three rounds opens. */
export async function endlessModel(): Promise<{ readonly seconds: number; readonly message: string }> {
  const path = join(temporaryFolder(), 'loop.onnx');
  writeFileSync(path, looping(3).toBytes());
  await withEngine((engine) => engine.call('open', { path, device: 'cpu' }));
  writeFileSync(path, looping(2 ** 40).toBytes());
  const began = performance.now();
  const fault = await withEngine((engine) => faultOf(engine.call('open', { path, device: 'cpu' })));
  return { seconds: (performance.now() - began) / 1000, message: fault.message };
}
