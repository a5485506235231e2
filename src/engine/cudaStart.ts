import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  CUDA_LIBRARY,
  CUDA_VARIABLE,
  findCudaLibraries,
  hasGpu,
  loadBesideCuda,
  nativeFolder,
} from './cudaLibraries.js';

/**
 * Runs when it is imported, which must be before onnxruntime is: where a GPU is there, or a person named a folder, CUDA's part of
 * onnxruntime is put beside it.
 */

export interface CudaStart {
  /** CUDA's part is where onnxruntime looks for it. */
  readonly there: boolean;
  /** Why libraries that were found or named are not used. */
  readonly problem?: string;
  /** To be called once CUDA has started, or will not. */
  readonly settled: () => void;
}

export const cudaStart: CudaStart = start();

function start(): CudaStart {
  const nothing = { there: false, settled: () => undefined };
  if (process.platform !== 'linux' || process.arch !== 'x64') return nothing;
  // CUDA's libraries round float32 factors to TF32's 10 bits unless told not to, which moves log-probabilities by 1e-3, and
  // onnxruntime-node has no option for it. Read when the libraries start; who sets the variable decides.
  process.env.NVIDIA_TF32_OVERRIDE ??= '0';
  const named = process.env[CUDA_VARIABLE];
  const asked = named === undefined || named === '' ? undefined : named;
  const { folder, release } = nativeFolder();
  if (asked === undefined && existsSync(join(folder, CUDA_LIBRARY))) return { ...nothing, there: true };
  if (asked === undefined && !hasGpu()) return nothing;
  const found = findCudaLibraries(asked, release);
  if (found === undefined) return nothing;
  if (typeof found === 'string') return { ...nothing, problem: found };
  return { there: true, settled: loadBesideCuda(found, folder) };
}
