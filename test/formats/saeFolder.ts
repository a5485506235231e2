import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Held, writeSafetensors } from '../engine/safetensors.js';
import { randomNumbers } from '../map/syntheticMap.js';

/** A small sparse autoencoder: each array with its shape. */
export type SmallSae = Readonly<Record<'W_enc' | 'W_dec' | 'b_enc' | 'b_dec' | 'threshold', Float32Array>>;

/** One whose numbers are drawn, the same each time. */
export function drawnSae(width: number, features: number): SmallSae {
  const random = randomNumbers(3);
  const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, () => random() * 2 - 1);
  return {
    W_enc: numbers(width * features),
    W_dec: numbers(width * features),
    b_enc: numbers(features),
    b_dec: numbers(width),
    threshold: numbers(features).map(Math.abs),
  };
}

/** Writes a folder as SAELens does: the weights and, where there is one, a configuration. `jumps`: with thresholds. */
export function writeSaeFolder(folder: string, sae: SmallSae, configuration?: unknown, jumps = false): string {
  mkdirSync(folder, { recursive: true });
  const [width, features] = [sae.b_dec.length, sae.b_enc.length];
  const shapes = {
    ...{ W_enc: [width, features], W_dec: [features, width], b_enc: [features], b_dec: [width] },
    ...(jumps ? { threshold: [features] } : {}),
  };
  const held: Held = {};
  for (const [name, shape] of Object.entries(shapes))
    held[name] = { dtype: 'F32', shape, bytes: new Uint8Array(sae[name as keyof SmallSae].buffer) };
  writeSafetensors(path.join(folder, 'sae_weights.safetensors'), held);
  if (configuration !== undefined) writeFileSync(path.join(folder, 'cfg.json'), JSON.stringify(configuration));
  return folder;
}
