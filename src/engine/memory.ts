import { freemem } from 'node:os';
import { Fault } from '../map/fault.js';
import { formatCount } from '../map/numbers.js';

/** Bytes that an engine may take: what a person allows, else what is free and the group of processes that it runs in may have. */
export interface MemoryBudget {
  readonly bytes: number;
  /** A person set it: more is refused. */
  readonly isLimit: boolean;
}

/** Other programs' share of what is free. */
const LEFT_TO_OTHERS = 0.5;

/** @param limit bytes that a person allows */
export function memoryBudget(limit: number | undefined): MemoryBudget {
  if (limit !== undefined) return { bytes: limit, isLimit: true };
  // 0, or more than any machine has, where nothing is constrained.
  const constrained = process.constrainedMemory() || Infinity;
  return { bytes: Math.min(freemem(), constrained) * (1 - LEFT_TO_OTHERS), isLimit: false };
}

/** The engine itself, with onnxruntime. */
export const ENGINE_BYTES = 150 * 2 ** 20;
/** Of a 16-bit weight: its file's pages, and the same in float32. */
export const WIDENED = 3;

/**
 * How 16-bit weights stand in memory on a device that computes in float32: `kept` as they are and widened part by part at every
 * use, or `widened` once, which is faster and takes three times the memory: where that fits comfortably.
 * @param half bytes of the 16-bit weights that a session reads
 * @param other bytes of all else
 */
export const fitsWidened = ({ bytes }: MemoryBudget, half: number, other: number): boolean =>
  ENGINE_BYTES + WIDENED * half + other <= bytes;

/** Some matrices [attention heads, positions, positions] stand at once: scores, masked, weights, and copies of them. */
const SCORE_COPIES = 6;
/** Of one such matrix: more is not asked for at once. */
const SCORE_BYTES = 2 ** 28;
const LEAST_CHUNK = 16;

const headsOf = ({ facts, files }: Sized): number => files.config.attentionHeads ?? Math.ceil(facts.hiddenSize / 64);

/** How many positions of a long sequence run at once, behind the keys and values of those before; undefined: all of them. */
export function chunkOf(model: Sized, positions: number): number | undefined {
  const row = 4 * headsOf(model) * positions;
  if (row * positions <= SCORE_BYTES) return undefined;
  return Math.max(LEAST_CHUNK, Math.floor(SCORE_BYTES / 2 / row));
}

/**
 * Bytes of attention's scores while a model runs on a sequence.
 * @param inChunks the model keeps the keys and values of positions: a long sequence runs in chunks
 */
export const scoreBytes = (model: Sized, positions: number, inChunks = false): number =>
  positions === 1
    ? 0
    : 4 * SCORE_COPIES * headsOf(model) * positions * ((inChunks ? chunkOf(model, positions) : undefined) ?? positions);

/** Of one matrix of scores: the copies of a larger one would take most machines' memory, and no allocator gives it to all programs. */
const MOST_SCORE_BYTES = 2 ** 30;

/**
 * @param rows sequences that run side by side, at once
 * @throws Fault `memory` where a prompt is too long to be computed anew for every vector
 */
export function refuseLongPrompt(model: Sized, positions: number, rows: number): void {
  if (4 * headsOf(model) * rows * positions ** 2 <= MOST_SCORE_BYTES) return;
  throw new Fault({
    code: 'memory',
    message: `The whole prompt of ${formatCount(positions)} tokens is computed for every vector here, which asks for too much memory at once.`,
    hint: 'Use a shorter prompt, or a later layer.',
  });
}

/** What is known of a model's sizes. */
export interface Sized {
  readonly facts: { readonly hiddenSize: number; readonly vocabularySize: number };
  readonly files: { readonly config: { readonly attentionHeads: number | undefined } };
}

/** Bytes of a run on a sequence: scores, hidden states on their way, logits. */
export const runBytes = (model: Sized, positions: number): number =>
  scoreBytes(model, positions) + positions * 4 * (24 * model.facts.hiddenSize + 4 * model.facts.vocabularySize);
