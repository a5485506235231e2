import { hookLayer, strongestFeatures } from '../formats/features.js';
import { tokenText } from '../map/display.js';
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
  const layer = typeof map['layer-idx'] === 'string' ? parameters.layer : ((await hookLayer(sae)) ?? parameters.layer);
  const { engine } = await openAsked(command, err, signal);
  try {
    const { tokens, states } = await engine.call('states', { prompt, layers: [layer] }, { signal });
    const [state] = states;
    if (!state) return;
    const { values, layer: at } = state;
    const { position = -1 } = prompt;
    const index = position < 0 ? tokens.length + position : position;
    const token = tokens[index];
    if (!token) throw bad(`The prompt has no position ${position}: it has ${tokens.length} tokens.`);
    const width = values.length / tokens.length;
    const { strongest: found } = await strongestFeatures(sae, values.slice(index * width, (index + 1) * width), most);
    if (command.json) {
      out.write(`${JSON.stringify({ layer: at, position: index, token, features: found })}\n`);
      return;
    }
    const heading = `${formatCount(found.length)} strongest features of “${tokenText(token)}” at ${layerWords(at)}`;
    const lines = found.map(
      ({ feature, activation }) => `${String(feature).padStart(9)}  ${formatFixed(activation, 3)}`,
    );
    out.write(`${[heading, '  feature  activation', ...lines].join('\n')}\n`);
  } finally {
    await engine.dispose();
  }
}
