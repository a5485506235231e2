import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type LlamaSizes, random } from './llama.js';

/** How weights are stored, as config.json and a header name it. */
const STORED = {
  float32: { dtype: 'F32', bytes: 4 },
  float16: { dtype: 'F16', bytes: 2 },
  bfloat16: { dtype: 'BF16', bytes: 2 },
} as const;
export type StoredType = keyof typeof STORED;

/**
 * A Llama checkpoint, sharded as save_pretrained does it, by names and shapes. Weights that are not wanted are holes
 * in sparse files, which read as zeros and take no space on the disk.
 */
export function sparseCheckpoint(
  folder: string,
  sizes: LlamaSizes,
  shards: number,
  wanted: (name: string) => boolean,
  stored: StoredType = 'bfloat16',
): void {
  const { blocks, hidden, heads, keyValueHeads, inner, vocabulary } = sizes;
  const narrow = (hidden / heads) * keyValueHeads;
  const tensors: [name: string, shape: number[]][] = [
    ['model.embed_tokens.weight', [vocabulary, hidden]],
    ...Array.from({ length: blocks }, (_, block): [string, number[]][] => {
      const own: [string, number[]][] = [
        ['self_attn.q_proj', [hidden, hidden]],
        ['self_attn.k_proj', [narrow, hidden]],
        ['self_attn.v_proj', [narrow, hidden]],
        ['self_attn.o_proj', [hidden, hidden]],
        ['mlp.gate_proj', [inner, hidden]],
        ['mlp.up_proj', [inner, hidden]],
        ['mlp.down_proj', [hidden, inner]],
        ['input_layernorm', [hidden]],
        ['post_attention_layernorm', [hidden]],
      ];
      return own.map(([name, shape]) => [`model.layers.${block}.${name}.weight`, shape]);
    }).flat(),
    ['model.norm.weight', [hidden]],
    ['lm_head.weight', [vocabulary, hidden]],
  ];
  mkdirSync(folder, { recursive: true });
  const each = Math.ceil(tensors.length / shards);
  const map: Record<string, string> = {};
  for (let shard = 0; shard < shards; shard++) {
    const number = (n: number): string => String(n).padStart(5, '0');
    const file = `model-${number(shard + 1)}-of-${number(shards)}.safetensors`;
    const own = tensors.slice(shard * each, (shard + 1) * each);
    for (const [name] of own) map[name] = file;
    writeShard(join(folder, file), own, wanted, stored);
  }
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: map }));
  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: hidden,
    intermediate_size: inner,
    num_hidden_layers: blocks,
    num_attention_heads: heads,
    num_key_value_heads: keyValueHeads,
    vocab_size: vocabulary,
    rms_norm_eps: 1e-5,
    rope_theta: 500_000,
    tie_word_embeddings: false,
    torch_dtype: stored,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
}

function writeShard(
  file: string,
  tensors: readonly (readonly [string, number[]])[],
  wanted: (name: string) => boolean,
  stored: StoredType,
) {
  const { dtype, bytes } = STORED[stored];
  const header: Record<string, unknown> = {};
  let at = 0;
  const places = tensors.map(([name, shape]) => {
    const length = bytes * shape.reduce((a, b) => a * b, 1);
    header[name] = { dtype, shape, data_offsets: [at, at + length] };
    const offset = at;
    at += length;
    return { name, shape, offset, length };
  });
  const text = Buffer.from(JSON.stringify(header));
  const begin = Buffer.alloc(8);
  begin.writeBigUInt64LE(BigInt(text.length));
  const fd = openSync(file, 'w');
  writeSync(fd, Buffer.concat([begin, text]));
  const start = 8 + text.length;
  for (const { name, shape, offset, length } of places)
    if (wanted(name)) fill(fd, start + offset, length, shape, stored);
  ftruncateSync(fd, start + at);
  closeSync(fd);
}

/** Ones for a norm; for a matrix one pseudo-random block over and over, whose length is a prime: rows differ. */
function fill(fd: number, offset: number, length: number, shape: readonly number[], stored: StoredType): void {
  const next = random(length);
  const scale = Math.sqrt(3 / (shape[1] ?? 1));
  const block = Float32Array.from({ length: 4_000_037 }, () => (shape.length === 1 ? 1 : next() * scale));
  const bytes = bytesOf(block, stored);
  for (let done = 0; done < length;)
    done += writeSync(fd, bytes, 0, Math.min(bytes.length, length - done), offset + done);
}

/** Numbers between the smallest normal float16 and the largest, cut off where 16 bits end; smaller ones become 0. */
function bytesOf(numbers: Float32Array, stored: StoredType): Uint8Array {
  if (stored === 'float32') return new Uint8Array(numbers.buffer);
  const bits = new Uint32Array(numbers.buffer);
  const upper = Uint16Array.from(bits, (word) => {
    if (stored === 'bfloat16') return word >>> 16;
    const exponent = ((word >>> 23) & 0xff) - 112; // biased by 127 there, by 15 here
    return ((word >>> 16) & 0x8000) | (exponent <= 0 ? 0 : (exponent << 10) | ((word >>> 13) & 0x3ff));
  });
  return new Uint8Array(upper.buffer);
}
