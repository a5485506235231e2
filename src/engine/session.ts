import * as ort from 'onnxruntime-node';
import { Fault } from '../map/fault.js';
import type { Graph } from '../onnx/graph.js';
import { inTime } from './allowance.js';
import { physicalCores } from './cores.js';
import { Renewed } from './renewed.js';
import { sessionFault } from './sessionFault.js';
import type { PlacedWeights } from './weights.js';
import { heard, withNumbers, withWitness } from './witness.js';

export type Feeds = Readonly<Record<string, ort.Tensor>>;
export type Results = Readonly<Record<string, ort.Tensor>>;
export { Tensor } from 'onnxruntime-node';

export interface SessionOptions {
  /** Execution provider as onnxruntime-node names it. */
  readonly provider: string;
  /** `false` leaves the graph as it is: for exports that the optimiser changes. */
  readonly optimize?: boolean;
  /** Whether the session will run many times. */
  readonly prepack: boolean;
  /** Weights of 16 bits stay so, and are widened whenever they are used. */
  readonly keepHalf?: boolean;
  /** Weights in packed blocks stay so, and are unpacked whenever they are used. */
  readonly keepPacked?: boolean;
}

/** onnxruntime takes as many by itself, but then ties every thread to a core, and one that another program keeps busy holds up all. */
const CORES = physicalCores();

/** A graph ready to run. Its weights stay in the model's own files; the operating system maps what is read. */
export class Session {
  private readonly running = new Set<Promise<unknown>>();
  private released = false;

  /** Peak memory of weights is theirs; what onnxruntime holds beside them are copies that it converted. */
  private constructor(
    private readonly session: Renewed<ort.InferenceSession>,
    /** Kept alive: small inline tensors may be read in place. */
    readonly bytes: Uint8Array,
    /** Whether a product beside the graph tells how the graph's own are computed. */
    private readonly hasWitness: boolean,
  ) {}

  /** @throws Fault `model-unsupported`, `device` or `memory` with onnxruntime's own words as detail. */
  static async create(graph: Graph, weights: Pick<PlacedWeights, 'folder'>, options: SessionOptions): Promise<Session> {
    // Who wants TF32 sets the variable.
    const hasWitness = options.provider === 'cuda' && process.env.NVIDIA_TF32_OVERRIDE === '0';
    const bytes = (hasWitness ? withWitness(graph) : graph).toBytes();
    try {
      const how: ort.InferenceSession.SessionOptions = {
        executionProviders: [options.provider],
        graphOptimizationLevel: options.optimize === false ? 'disabled' : 'all',
        logSeverityLevel: 3,
        enableMemPattern: false,
        ...(CORES === undefined ? {} : { intraOpNumThreads: CORES }),
        extra: {
          // What is widened while a session is made stands in memory from then on; small constants still do.
          ...(options.keepHalf === true || options.keepPacked === true
            ? {
                optimization: {
                  constant_folding_max_output_size_in_bytes: `${2 ** 20}`,
                  disable_specified_optimizers: ['FuseFp16InitializerToFp32NodeTransformer']
                    .concat(options.keepPacked === true ? ['ConstantFolding'] : [])
                    .join(';'),
                },
              }
            : {}),
          session: {
            model_external_initializers_file_folder_path: weights.folder,
            // Packed matrices multiply twice as fast, at the price of reading all of them once and, for the largest, of a
            // second copy for a moment. Packed 4-bit products need it: without they are computed another way, with other
            // results than the model's own.
            disable_prepacking: options.prepack || graph.nodes.some((n) => n.opType === 'MatMulNBits') ? '0' : '1',
            // Threads that wait sleep: an editor's neighbour must not burn the other cores.
            intra_op: { allow_spinning: '0' },
            // Dequantised weights stay in float32 arithmetic; the default would round the activations to int8.
            qdq_matmulnbits_accuracy_level: '1',
          },
        },
      };
      const open = (): Promise<ort.InferenceSession> => inTime(() => ort.InferenceSession.create(bytes, how)); // constants are folded in it
      return new Session(new Renewed(await open(), open), bytes, hasWitness);
    } catch (error) {
      throw sessionFault(error);
    }
  }

  /** @throws Fault as {@link sessionFault}, `device`; `internal` where it was released */
  async run(feeds: Feeds): Promise<Results> {
    if (this.released)
      throw new Fault({
        code: 'internal',
        message: 'A part of the model was put away while it was still needed.',
        hint: 'Try again, and please report this with the log.',
      });
    const results = this.trusted(this.hasWitness ? withNumbers(feeds) : feeds);
    const settled = results.catch(() => undefined);
    this.running.add(settled);
    try {
      return await results;
    } catch (error) {
      throw error instanceof Fault ? error : sessionFault(error);
    } finally {
      this.running.delete(settled);
    }
  }

  /** Gives its memory back, once what runs has ended. */
  async release(): Promise<void> {
    if (this.released) return;
    this.released = true;
    await Promise.all(this.running);
    await this.session.release();
  }

  private async trusted(fed: Feeds): Promise<Results> {
    const { results } = await this.session.use(
      async (session) => {
        const all: Results = await inTime(() => session.run(fed));
        return this.hasWitness ? heard(all) : { results: all, full: true };
      },
      ({ full }) => full,
    );
    return results;
  }
}
