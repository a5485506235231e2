import { hookLayer } from '../formats/features.js';
import { tokenFeatures } from '../host/tokenFeatures.js';
import { safeText, tokenText } from '../map/display.js';
import { type FlagValues, parametersFromFlags } from '../map/flags.js';
import { layerWords } from '../map/naming.js';
import { formatCount, formatFixed } from '../map/numbers.js';
import { contextOf } from '../map/specification.js';
import { bad } from './computing.js';
import { readFlagFiles } from './flagFiles.js';
import { type ModelAsked, openAsked } from './openAsked.js';
import type { Output } from './progress.js';

export interface FeaturesCommand extends ModelAsked {
  readonly kind: 'features';
  /** Those of `FEATURE_MAP_FLAGS`. */
  readonly map: FlagValues;
  readonly sae: string;
  readonly most: number;
  readonly json: boolean;
}

/** `embedding-grid features`: prints the strongest features of a token of a prompt. @throws Fault. */
export async function features(command: FeaturesCommand, out: Output, err: Output, signal: AbortSignal): Promise<void> {
  const { map, sae, most } = command;
  const parameters = parametersFromFlags(map, undefined, await readFlagFiles(map));
  const prompt = contextOf(parameters);
  if (prompt.kind !== 'prompt' && prompt.kind !== 'tokens')
    throw bad('Features are of a token of a prompt.', 'Give one: --prompt TEXT.');
  // What is wrong with the autoencoder is said before a model opens.
  const own = await hookLayer(sae);
  const layer = typeof map['layer-idx'] === 'string' ? parameters.layer : own;
  const { engine, description } = await openAsked(command, err, signal);
  try {
    const { blocks } = description.facts;
    if (layer === own && typeof own === 'number' && own >= blocks)
      throw bad(
        `The autoencoder reads layer ${own}; the layers of this model are 0 to ${blocks - 1}.`,
        'Choose the model that it was trained on, or name a layer: --layer-idx N.',
      );
    const told = await tokenFeatures(engine, prompt, sae, { layer, most }, signal);
    const { layer: at, position, token, sae: facts, active, strongest } = told;
    if (command.json) {
      const features = strongest.map(({ feature, activation, tokens }) => ({ feature, activation, tokens }));
      out.write(`${JSON.stringify({ layer: at, position, token, sae: facts, active, features })}\n`);
      return;
    }
    const lines = strongest.map(({ feature, activation, tokens }) =>
      [
        String(feature).padStart(9),
        formatFixed(activation, 3).padStart(10),
        ...tokens.map((one) => tokenText(one)),
      ].join('  '),
    );
    out.write(
      [
        `Strongest features of “${tokenText(token)}” at ${layerWords(at)}`,
        `${formatCount(active)} of ${formatCount(facts.features)} active`,
        ...(facts.hook === null || facts.layer === at ? [] : [`Trained on ${safeText(facts.hook)}`]),
        ...(lines.length > 0 ? ['  feature  activation  tokens that its direction speaks for'] : []),
        ...lines,
        '',
      ].join('\n'),
    );
  } finally {
    await engine.dispose();
  }
}
