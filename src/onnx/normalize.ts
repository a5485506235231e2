import { create } from '@bufbuild/protobuf';
import { type FunctionProto, TensorProtoSchema } from './proto/onnx_pb.js';
import {
  type AttributeProto,
  DataType,
  edited,
  elemTypeOf,
  findAttribute,
  Graph,
  type GraphProto,
  inputsOf,
  type ModelProto,
  node,
  type NodeProto,
  type TensorProto,
  withAttribute,
} from './graph.js';
import { broken, unsupported } from './source.js';
import { widenOnce } from './widenOnce.js';
import { spend, withinBudget } from './work.js';

/** What is appended to a cut graph is older than this nowhere. */
const OLDEST_OPSET = 11;
/** What onnxruntime knows. Later versions, as far as they are known here, only add number types and operators. */
const RUNTIME_OPSET = 26;
const NEWEST_OPSET = 28;
/** Versions of the file format that onnxruntime reads; a graph that is written anew can always have one of them. */
const RUNTIME_IR = 13n;
const MAX_NODES = 500_000;
/** Longest piece of a name that goes on into the names of what a function holds. */
const NAME_PIECE = 64;
const MAX_FUNCTION_DEPTH = 32;

/**
 * The model as one flat graph in which the residual stream is visible: local functions inlined, the no-cache branch of a
 * merged decoder taken, constants as initializers, fused skip norms split into sum and norm. The result computes what the
 * model computes; onnxruntime fuses again what it can.
 */
export const normalize = (model: ModelProto): Graph => withinBudget(() => normalized(model));

function normalized(model: ModelProto): Graph {
  if (!model.graph) throw broken('This is not an ONNX model: it holds no graph.');
  refuseCompiled(model.graph.node);
  const opsets = new Map(model.opsetImport.map((o) => [o.domain === 'ai.onnx' ? '' : o.domain, Number(o.version)]));
  const opset = opsets.get('');
  if (opset === undefined) throw broken('The model does not say which version of the operators it is written in.');
  if (opset < OLDEST_OPSET)
    throw unsupported(
      `The model is written in version ${opset} of the ONNX operators; ${OLDEST_OPSET} or newer is needed.`,
      'Export it again, or convert it with onnx.version_converter.',
    );
  if (opset > NEWEST_OPSET)
    throw unsupported(
      `The model is written in version ${opset} of the ONNX operators; ${NEWEST_OPSET} is the newest that is known.`,
      'Export it again with an older opset, or convert it with onnx.version_converter.',
    );
  opsets.set('', Math.min(opset, RUNTIME_OPSET));
  const functions = new Map(model.functions.map((f) => [functionKey(f.domain, f.name, f.overload), f]));
  for (const f of model.functions) {
    for (const o of f.opsetImport) if (!opsets.has(o.domain)) opsets.set(o.domain, Number(o.version));
  }
  for (const f of model.functions) opsets.delete(f.domain);

  const parts = inlineBranches(model.graph);
  const nodes = inlineFunctions(parts.node, functions, { count: 0 }, 0);
  const constants: TensorProto[] = [];
  const flat = nodes.flatMap((original) => {
    const n = original.domain === 'ai.onnx' ? edited(original, { domain: '' }) : original;
    const constant = constantOf(n);
    if (constant) {
      constants.push(constant);
      return [];
    }
    return splitSkipNorm(growing(hoistWeights(n, constants)));
  });
  if (parts.sparseInitializer.length > 0) throw unsupported('The model has sparse weights, which cannot be cut.');
  const initializer = [...parts.initializer, ...constants];
  const stored = new Set(initializer.map(({ name }) => name));
  return Graph.of(
    { ...parts, node: widenOnce(flat, (name) => stored.has(name)), initializer },
    opsets,
    // Initializers that are not inputs need version 4.
    model.irVersion < 8n ? 8n : model.irVersion > RUNTIME_IR ? RUNTIME_IR : model.irVersion,
  );
}

/** What a compiler made for one device holds no operators any more. */
function refuseCompiled(nodes: readonly NodeProto[]): void {
  const compiled = nodes.find((n) => n.opType === 'EPContext');
  if (!compiled) return;
  const source = new TextDecoder()
    .decode(findAttribute(compiled, 'source')?.s)
    .replace(/[^\w ]/g, '')
    .slice(0, 40);
  throw unsupported(
    `The model is compiled for one device (${source === '' ? 'an EPContext' : `an EPContext of ${source}`}): it holds no operators that could be told apart.`,
    'Take the ONNX model that it was made from.',
  );
}

const functionKey = (domain: string, name: string, overload: string): string =>
  JSON.stringify([domain, name, overload]);

/** Replaces every call of a local function by its body, with names of its own and the call's attributes filled in. */
function inlineFunctions(
  nodes: readonly NodeProto[],
  functions: ReadonlyMap<string, FunctionProto>,
  counter: { count: number },
  depth: number,
): NodeProto[] {
  if (functions.size === 0) return [...nodes];
  if (depth > MAX_FUNCTION_DEPTH) throw broken('The model holds a function that calls itself.');
  return nodes.flatMap((call) => {
    const body = functions.get(functionKey(call.domain, call.opType, call.overload));
    if (!body) return [inlineInBranches(call, functions, counter, depth)];
    const prefix = `${(call.name || call.opType).slice(-NAME_PIECE)}#${counter.count++}/`;
    const names = new Map<string, string>();
    body.input.forEach((formal, i) => names.set(formal, call.input[i] ?? ''));
    body.output.forEach((formal, i) => names.set(formal, nonEmpty(call.output[i]) ?? `${prefix}${formal}`));
    const given = new Map(
      [...body.attributeProto, ...call.attribute].map((attribute) => [attribute.name, attribute] as const),
    );
    counter.count += sizeOf(body.node);
    if (counter.count > MAX_NODES) throw broken('The model unfolds to more operators than can be read.');
    const inner = body.node.map((n) => rename(n, (name) => names.get(name) ?? prefix + name, given, prefix));
    return inlineFunctions(inner, functions, counter, depth + 1);
  });
}

/** Operators, those inside of branches and loops included. */
const sizeOf = (nodes: readonly NodeProto[]): number =>
  nodes.reduce(
    (total, n) =>
      n.attribute.reduce(
        (sum, { g, graphs }) =>
          sum + (g ? sizeOf(g.node) : 0) + graphs.reduce((inner, { node }) => inner + sizeOf(node), 0),
        total + 1,
      ),
    0,
  );

/** A node whose subgraphs (If, Loop, Scan) call functions, with those inlined. */
function inlineInBranches(
  n: NodeProto,
  functions: ReadonlyMap<string, FunctionProto>,
  counter: { count: number },
  depth: number,
): NodeProto {
  if (n.attribute.every((a) => !a.g && a.graphs.length === 0)) return n;
  const inline = (g: GraphProto): GraphProto =>
    edited(g, { node: inlineFunctions(g.node, functions, counter, depth + 1) });
  return edited(n, {
    attribute: n.attribute.map((a) => edited(a, { ...(a.g ? { g: inline(a.g) } : {}), graphs: a.graphs.map(inline) })),
  });
}

/** An optional input or output that is left out is an empty string in the file. */
const nonEmpty = (name: string | undefined): string | undefined => (name === '' ? undefined : name);

function rename(
  n: NodeProto,
  name: (old: string) => string,
  given: ReadonlyMap<string, AttributeProto> | undefined,
  prefix: string,
): NodeProto {
  const renamed = (old: string): string => (old === '' ? '' : name(old));
  return edited(n, {
    name: n.name === '' ? '' : prefix + n.name, // names of operators are unique or empty
    input: n.input.map(renamed),
    output: n.output.map(renamed),
    attribute: n.attribute.flatMap((a) => {
      if (a.refAttrName !== '') {
        const value = given?.get(a.refAttrName);
        return value ? [edited(value, { name: a.name })] : [];
      }
      if (!a.g && a.graphs.length === 0) return [a];
      const graph = (g: GraphProto): GraphProto =>
        edited(g, {
          node: g.node.map((inner) => rename(inner, name, given, prefix)),
          initializer: g.initializer.map((t) => edited(t, { name: renamed(t.name) })),
          input: g.input.map((i) => edited(i, { name: renamed(i.name) })),
          output: g.output.map((o) => edited(o, { name: renamed(o.name) })),
          valueInfo: [],
        });
      return [
        edited(a, {
          ...(a.g ? { g: graph(a.g) } : {}),
          graphs: a.graphs.map(graph),
        }),
      ];
    }),
  });
}

/** A merged decoder chooses by a boolean input between a branch without and one with past keys; the first is taken. */
function inlineBranches(graph: GraphProto): GraphProto {
  const booleans = new Set(graph.input.filter((i) => elemTypeOf(i) === DataType.BOOL).map((i) => i.name));
  let result = graph;
  for (const branch of graph.node.filter((n) => n.opType === 'If' && booleans.has(n.input[0] ?? ''))) {
    const body = findAttribute(branch, 'else_branch')?.g;
    if (!body) throw broken('An If of the model has no else branch.');
    spend(result.node.length);
    const taken = new Set(result.node.flatMap((n) => n.output));
    const local = new Set(body.node.flatMap((n) => n.output));
    const names = new Map<string, string>();
    const direct: NodeProto[] = [];
    body.output.forEach((output, i) => {
      const target = branch.output[i] ?? '';
      if (local.has(output.name) && !names.has(output.name)) names.set(output.name, target);
      else direct.push(node('Identity', [names.get(output.name) ?? output.name], [target]));
    });
    const isOwn = new Set([...local, ...body.initializer.map((t) => t.name)]);
    const name = (old: string): string => names.get(old) ?? (isOwn.has(old) && taken.has(old) ? `else/${old}` : old);
    result = edited(result, {
      node: [
        ...result.node.filter((n) => n !== branch),
        ...body.node.map((n) => rename(n, name, undefined, '')),
        ...direct,
      ],
      initializer: [...result.initializer, ...body.initializer.map((t) => edited(t, { name: name(t.name) }))],
      valueInfo: [...result.valueInfo, ...body.valueInfo.map((v) => edited(v, { name: name(v.name) }))],
    });
    const condition = branch.input[0] ?? '';
    if (!result.node.some((n) => inputsOf(n).includes(condition)))
      result = edited(result, { input: result.input.filter((i) => i.name !== condition) });
  }
  return result;
}

/**
 * Large tensors inside branches and loops come out to the graph's own weights, where they are placed and checked like all
 * others; onnxruntime reads external data nowhere else.
 */
function hoistWeights(n: NodeProto, hoisted: TensorProto[]): NodeProto {
  if (n.attribute.every((a) => !a.g && a.graphs.length === 0)) return n;
  const out = (tensor: TensorProto): NodeProto => {
    const name = `${tensor.name}#hoisted${hoisted.length}`;
    hoisted.push(edited(tensor, { name }));
    return node('Identity', [name], [tensor.name]);
  };
  const hoist = (g: GraphProto): GraphProto =>
    edited(g, {
      node: [
        ...g.initializer.filter(isExternal).map(out),
        ...g.node.map((inner) => {
          const constant = constantOf(inner);
          return constant && isExternal(constant) ? out(constant) : hoistWeights(inner, hoisted);
        }),
      ],
      initializer: g.initializer.filter((t) => !isExternal(t)),
    });
  return edited(n, {
    attribute: n.attribute.map((a) => edited(a, { ...(a.g ? { g: hoist(a.g) } : {}), graphs: a.graphs.map(hoist) })),
  });
}

const isExternal = (t: TensorProto): boolean => t.externalData.length > 0;

/** A Constant as an initializer, so that there is one kind of constant. */
function constantOf(n: NodeProto): TensorProto | undefined {
  const name = n.output[0];
  if (n.opType !== 'Constant' || n.domain !== '' || name === undefined) return undefined;
  const value = n.attribute[0];
  if (!value) throw broken(`The constant "${name}" has no value.`);
  const base = { name, dims: [] as bigint[] };
  switch (value.name) {
    case 'value':
      return value.t ? edited(value.t, { name }) : undefined;
    case 'value_float':
      return create(TensorProtoSchema, { ...base, dataType: DataType.FLOAT, floatData: [value.f] });
    case 'value_int':
      return create(TensorProtoSchema, { ...base, dataType: DataType.INT64, int64Data: [value.i] });
    case 'value_floats':
      return create(TensorProtoSchema, {
        name,
        dims: [BigInt(value.floats.length)],
        dataType: DataType.FLOAT,
        floatData: value.floats,
      });
    case 'value_ints':
      return create(TensorProtoSchema, {
        name,
        dims: [BigInt(value.ints.length)],
        dataType: DataType.INT64,
        int64Data: value.ints,
      });
    default:
      return undefined; // strings and sparse values: left as they are
  }
}

/**
 * A past that rolls within the attention's window (onnxruntime-genai 0.18) is told from one that grows by an attribute alone. It
 * cannot be empty; one that grows can, and the same positions are seen.
 */
const growing = (n: NodeProto): NodeProto =>
  findAttribute(n, 'sliding_window_cache') ? withAttribute(n, 'sliding_window_cache', undefined) : n;

/**
 * Skip norms hold the residual sum inside (at the last block it has no tensor at all). Inputs: input, skip, gamma,
 * then [beta,] bias; outputs: norm, mean, inverse deviation, sum.
 */
function splitSkipNorm(n: NodeProto): NodeProto[] {
  const simplified = n.opType === 'SkipSimplifiedLayerNormalization';
  if (!simplified && n.opType !== 'SkipLayerNormalization') return [n];
  const [input = '', skip = '', gamma = ''] = n.input;
  const beta = simplified ? '' : (n.input[3] ?? '');
  const bias = (simplified ? n.input[3] : n.input[4]) ?? '';
  const [norm = '', mean = '', inverse = '', sumOutput = ''] = n.output;
  const sum = sumOutput || `${norm}/residual_sum`;
  const sums: NodeProto[] = [];
  let addend = input;
  if (bias !== '') {
    addend = `${sum}/biased`;
    sums.push(node('Add', [input, bias], [addend]));
  }
  sums.push(node('Add', [addend, skip], [sum]));
  if (norm === '') return sums;
  const epsilon = findAttribute(n, 'epsilon');
  const attributes = { axis: -1n, epsilon: epsilon ? epsilon.f : simplified ? 1e-6 : 1e-12 };
  const operands = beta === '' ? [sum, gamma] : [sum, gamma, beta];
  const outputs =
    inverse !== '' && !simplified ? [norm, mean, inverse] : simplified && inverse !== '' ? [norm, inverse] : [norm];
  return [
    ...sums,
    node(simplified ? 'SimplifiedLayerNormalization' : 'LayerNormalization', operands, outputs, attributes),
  ];
}
