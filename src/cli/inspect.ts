import { safeText } from '../map/display.js';
import { formatBytes, formatCount } from '../map/numbers.js';
import type { ModelDescription, Support } from '../protocol/engine.js';
import { type ModelAsked, openAsked } from './openAsked.js';
import type { Output } from './progress.js';

/** `embedding-grid inspect`: a model is described. */
export interface InspectCommand extends ModelAsked {
  readonly kind: 'inspect';
  readonly json: boolean;
  readonly skipChecks: boolean;
}

/** `embedding-grid inspect`: prints what was found in a model. @throws Fault. */
export async function inspect(command: InspectCommand, out: Output, err: Output, signal: AbortSignal): Promise<void> {
  const { engine, description } = await openAsked(command, err, signal);
  await engine.dispose();
  out.write(command.json ? `${JSON.stringify(description, undefined, 2)}\n` : describe(description));
}

/** A model's description for people, as lines. */
function describe(description: ModelDescription): string {
  const { facts, head, tokenizer, device } = description;
  const supported = (of: Support): string => (of.ok ? 'yes' : `no: ${of.reason}`);
  const part = (title: string, rows: readonly (readonly [string, string])[]): string => {
    const width = Math.max(...rows.map(([name]) => name.length));
    const lines = rows.map(([name, text]) => `  ${safeText(name).padEnd(width)}  ${safeText(text, 1000)}\n`);
    return `${title}\n${lines.join('')}`;
  };
  return [
    part('Model', [
      ['name', description.reference.name],
      ['file', description.path],
      ['SHA-256', description.reference.sha256],
      ['type', description.modelType ?? 'unknown: no config.json beside it names one'],
      ['layers', `${formatCount(facts.blocks)}: 0–${facts.blocks - 1}, after the embeddings`],
      ['hidden size', formatCount(facts.hiddenSize)],
      ['vocabulary', formatCount(facts.vocabularySize)],
      ['weights', `${formatBytes(facts.weightsBytes)}, ${facts.numberType}`],
      ['graph', `opset ${description.opset}, ${formatCount(description.nodes)} nodes`],
      ['opened in', `${formatCount(description.openedMilliseconds)} ms`],
    ]),
    part('Runs on', [
      ['device', `${device.used}${device.used === device.asked ? '' : ` (asked: ${device.asked})`}`],
      ...(device.warning === undefined ? [] : [['warning', device.warning] as const]),
      ['batches', `${description.batching.way}: ${description.batching.reason}`],
      ['prompt', `earlier positions are ${description.prefix.way}: ${description.prefix.reason}`],
    ]),
    part('Supports', [
      ...Object.entries(description.readouts).map(([name, of]) => [`readout ${name}`, supported(of)] as const),
      ...Object.entries(description.contexts).map(([name, of]) => [`context ${name}`, supported(of)] as const),
    ]),
    part('Tokenizer', [
      ['file', tokenizer.file ?? `none${tokenizer.reason === undefined ? '' : `: ${tokenizer.reason}`}`],
      ['tokens', formatCount(tokenizer.size)],
      ['BOS', tokenizer.bos === null ? 'none' : `${tokenizer.bos}`],
      ...(tokenizer.note === undefined ? [] : [['note', tokenizer.note] as const]),
    ]),
    part('Residual stream', [
      ...description.residual.map(({ layer, tensor }) => [`${layer}`, tensor] as const),
      ['final norm', description.finalNorm],
      ['head', [`${head.operator} ${head.weight}${head.bias ? ' with bias' : ''}`, ...head.after].join(', ')],
    ]),
    ...(description.checks.length === 0
      ? []
      : [
          part(
            'Checks',
            description.checks.map(({ name, outcome, detail }) => [name, `${outcome}: ${detail}`]),
          ),
        ]),
  ].join('\n');
}
