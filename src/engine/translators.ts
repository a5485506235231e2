import { Fault } from '../map/fault.js';
import type { MapParameters, TranslatorReference } from '../map/specification.js';
import type { TranslatorKind } from '../map/translate.js';
import { type ReadTranslator, readTranslator } from '../translators/translatorFile.js';
import type { Model } from './model/model.js';

/** The translators of layers that were read last, of each model. */
const kept = new WeakMap<Model, Map<string, ReadTranslator>>();
const KEPT = 4;

/**
 * The translator that a readout goes through at a layer, and the reference with what its file says of itself.
 * @param layer -1 = the embeddings, l = the output of block l
 * @throws Fault `bad-parameter` where none is named or it is another file than a map was made with; as {@link readTranslator}
 */
export async function of(
  model: Model,
  { readout, translator: asked }: { readonly readout: TranslatorKind } & Pick<MapParameters, 'translator'>,
  layer: number,
): Promise<Pick<ReadTranslator, 'translator' | 'layers'> & { readonly reference: TranslatorReference }> {
  if (!asked) throw noneNamed(readout);
  const { blocks, hiddenSize } = model.facts;
  const mine = kept.get(model) ?? new Map<string, ReadTranslator>();
  kept.set(model, mine);
  const key = JSON.stringify([asked.path, readout, layer]);
  const found =
    mine.get(key) ??
    (await readTranslator(asked.path, readout, { name: model.reference.name, blocks, hiddenSize }, layer));
  mine.delete(key);
  mine.set(key, found);
  const [oldest] = mine.keys();
  if (mine.size > KEPT && oldest !== undefined) mine.delete(oldest);
  if (asked.sha256 !== undefined && asked.sha256 !== found.sha256)
    throw new Fault({
      code: 'bad-parameter',
      message: 'The translator is not the one that the map was made with: its file differs.',
      hint: 'Name the right file: --translator PATH.',
    });
  const { translator, layers, sha256, model: named } = found;
  return { translator, layers, reference: { path: asked.path, sha256, model: named } };
}

/** A readout through a translator, where no file is named. */
export const noneNamed = (readout: TranslatorKind): Fault =>
  new Fault({
    code: 'bad-parameter',
    message: `The readout ${readout} goes through a translator, and none is named.`,
    hint: 'Choose its file: --translator PATH.',
  });
