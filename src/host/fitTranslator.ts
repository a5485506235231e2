import path from 'node:path';
import { Fault } from '../map/fault.js';
import { DEFAULT_RIDGE, type FitEvent, type FitResult, type JudgedLayer } from '../protocol/fit.js';
import { bundledModel, version } from './installation.js';
import { openModel, type OpenOptions } from './openModel.js';
import { checkFree, TranslatorWriter } from './translatorWriter.js';

export interface FitOptions extends OpenOptions {
  /** A model's file or folder, or `ORG/NAME[@REVISION]` in the Hugging Face cache; the bundled model where it is left out. */
  readonly model?: string | undefined;
  readonly texts: readonly string[];
  /** Texts that it is judged by, and not fitted on; by default every tenth of the texts. */
  readonly heldOut?: readonly string[] | undefined;
  /** How much A is held near 0, in parts of the states' mean variance; above 0, by default 0.001. */
  readonly ridge?: number | undefined;
  /** Folder of the files; nothing may be there yet. */
  readonly output: string;
  readonly onEvent?: (event: FitEvent) => void;
}

/** A tuned lens that was fitted in closed form. */
export interface FittedTranslator extends FitResult {
  readonly model: string;
  readonly texts: number;
  readonly heldOutTexts: number;
  readonly ridge: number;
  /** From the embeddings, -1, to the last block but one. */
  readonly layers: readonly JudgedLayer[];
  readonly files: readonly string[];
}

/** One text in so many is held out where none are given. */
const HELD_OUT = 10;

/**
 * Fits a tuned lens to a model's hidden states by ridge regression, and writes it.
 * @throws Fault `bad-parameter`, `output`, `memory`, `cancelled`, as {@link openModel}; then nothing is left of it.
 */
export async function fitTranslator({
  model = bundledModel,
  texts: given,
  heldOut: apart,
  ridge = DEFAULT_RIDGE,
  output,
  onEvent,
  ...options
}: FitOptions): Promise<FittedTranslator> {
  const folder = path.resolve(output);
  checkFree(folder);
  if (!(ridge > 0 && ridge <= 1e6))
    throw new Fault({ code: 'bad-parameter', message: 'The ridge must be a number above 0, at most 1e6.' });
  const texts = apart ? given : given.filter((_, i) => i % HELD_OUT !== HELD_OUT - 1 && i !== given.length - 1);
  const heldOut = apart ?? given.filter((_, i) => i % HELD_OUT === HELD_OUT - 1 || i === given.length - 1);
  const { engine, description } = await openModel(model, options);
  let writer: TranslatorWriter | undefined;
  try {
    const { reference, facts } = description;
    const layers: JudgedLayer[] = [];
    let begun: Fault | undefined;
    writer = new TranslatorWriter(folder, {
      model: reference.name,
      blocks: facts.blocks,
      hiddenSize: facts.hiddenSize,
      origin: {
        fitted_by: `closed-form ridge regression on hidden states, toward the last block's output (Embedding Grid ${version()})`,
        fitted_ridge: `${ridge}`,
        fitted_texts: `${texts.length}`,
        model_sha256: reference.sha256,
      },
    });
    const stop = new AbortController();
    const told = await engine
      .call(
        'fitTranslator',
        { texts, heldOut, ridge },
        {
          signal: options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal,
          onEvent: (event) => {
            try {
              if (event.kind === 'layer') {
                writer?.add(event.fitted.matrix, event.fitted.bias);
                layers.push(event.fitted.judged);
              }
              onEvent?.(event);
            } catch (error) {
              begun ??= Fault.from(error);
              stop.abort();
            }
          },
        },
      )
      .catch((error: unknown) => {
        throw begun ?? error;
      });
    const files = writer.finish();
    return {
      ...told,
      model: reference.name,
      texts: texts.length,
      heldOutTexts: heldOut.length,
      ridge,
      layers,
      files,
    };
  } catch (error) {
    writer?.discard();
    throw error;
  } finally {
    await engine.dispose();
  }
}
