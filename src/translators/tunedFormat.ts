/** The two forms in which a tuned lens is kept, as bytes: its own package's folder, and safetensors with the same names. */

/** What is written of a tuned lens besides its numbers. */
export interface TunedFacts {
  /** The model's name. */
  readonly model: string;
  readonly blocks: number;
  readonly hiddenSize: number;
  /** How it came to be, by name; texts that a reader who does not know them leaves alone. */
  readonly origin: Readonly<Record<string, string>>;
}

/** The tensors in the order in which both forms have them: index i reads the input of block i. */
export const tensorsOf = ({ blocks, hiddenSize: d }: TunedFacts): { name: string; shape: readonly number[] }[] =>
  Array.from({ length: blocks }, (_, i) => [
    { name: `${i}.weight`, shape: [d, d] },
    { name: `${i}.bias`, shape: [d] },
  ]).flat();

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, one) => size * one, 1);

/** `config.json`, as the package `tuned-lens` writes and reads it. */
export const tunedConfig = ({ model, blocks, hiddenSize, origin }: TunedFacts): string =>
  `${JSON.stringify(
    {
      base_model_name_or_path: model,
      d_model: hiddenSize,
      num_hidden_layers: blocks,
      bias: true,
      base_model_revision: null,
      unembed_hash: null,
      lens_type: 'linear_tuned_lens',
      ...origin,
    },
    null,
    2,
  )}\n`;

/** What a safetensors file begins with; the tensors' float32 numbers follow, in their order. */
export function safetensorsStart(facts: TunedFacts): Uint8Array {
  let at = 0;
  const entries = tensorsOf(facts).map(({ name, shape }) => {
    const from = at;
    at += 4 * sizeOf(shape);
    return [name, { dtype: 'F32', shape, data_offsets: [from, at] }] as const;
  });
  const { model, blocks, hiddenSize, origin } = facts;
  const metadata = {
    lens_type: 'linear_tuned_lens',
    model,
    d_model: `${hiddenSize}`,
    num_hidden_layers: `${blocks}`,
    ...origin,
  };
  const header = new TextEncoder().encode(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }));
  const length = Math.ceil(header.length / 8) * 8; // numbers are aligned
  const start = new Uint8Array(8 + length).fill(0x20);
  new DataView(start.buffer).setBigUint64(0, BigInt(length), true);
  start.set(header, 8);
  return start;
}

/** The list of tensors in `params.pt`: what Python's pickle, protocol 2, and `torch.save` make of a state dict. */
export function stateDict(facts: TunedFacts): Uint8Array {
  const parts: Uint8Array[] = [];
  const bytes = (...codes: number[]): void => void parts.push(Uint8Array.from(codes));
  const name = (code: number, text: string): void => {
    bytes(code);
    parts.push(new TextEncoder().encode(text));
  };
  const global = (module: string, called: string): void => name(0x63, `${module}\n${called}\n`);
  const word = (text: string): void => {
    bytes(0x58, ...int32(new TextEncoder().encode(text).length));
    parts.push(new TextEncoder().encode(text));
  };
  const whole = (value: number): void => bytes(0x4a, ...int32(value));
  const tuple = (values: readonly number[]): void => {
    values.forEach(whole);
    bytes(values.length === 1 ? 0x85 : 0x86);
  };
  const emptyDict = (): void => {
    global('collections', 'OrderedDict');
    bytes(0x29, 0x52);
  };
  bytes(0x80, 2);
  emptyDict();
  bytes(0x28);
  for (const [key, { name: tensor, shape }] of tensorsOf(facts).entries()) {
    word(tensor);
    global('torch._utils', '_rebuild_tensor_v2');
    bytes(0x28, 0x28);
    word('storage');
    global('torch', 'FloatStorage');
    word(`${key}`);
    word('cpu');
    whole(sizeOf(shape));
    bytes(0x74, 0x51); // the storage, as a tuple that stands for it
    whole(0);
    tuple(shape);
    tuple(shape.length === 1 ? [1] : [shape[1] ?? 1, 1]);
    bytes(0x89);
    emptyDict();
    bytes(0x74, 0x52);
  }
  bytes(0x75, 0x2e);
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const int32 = (value: number): readonly number[] => [...new Uint8Array(Int32Array.of(value).buffer)];
