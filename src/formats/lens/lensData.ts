import { lensCells, type LensTable } from '../../map/lens/lensTable.js';
import { layerIndex } from '../../map/specification.js';
import type { Token } from '../../map/token.js';
import { float32Text } from '../float32.js';
import { csvText, jsonText, jsonValue } from '../jsonText.js';

/** Marks a file as ours. */
export const LENS_FORMAT = 'embedding-grid-lens';
const LENS_VERSION = 1;

/** Marks several lenses in one file. */
export const LENSES_FORMAT = 'embedding-grid-lenses';

/** Lenses of one prompt as JSON: of one as it is, of several a list of them. */
export function lensesJson(lenses: readonly LensTable[]): string {
  const [only] = lenses;
  if (only && lenses.length === 1) return lensJson(only);
  const members = lenses.map((lens) => lensJson(lens).trimEnd()).join(',\n');
  return `{\n"format": ${jsonText(LENSES_FORMAT)},\n"version": ${LENS_VERSION},\n"lenses": [\n${members}\n]\n}\n`;
}

/** The same as CSV: of several each line begins with the readout, and its translator's path. */
export function lensesCsv(lenses: readonly LensTable[]): string {
  const [only] = lenses;
  if (only && lenses.length === 1) return lensCsv(only);
  return lenses
    .map((lens, i) => {
      const { readout, translator } = lens.parameters;
      const before = `${readout},${translator ? csvText(translator.path) : ''},`;
      const [header = '', ...lines] = lensCsv(lens).trimEnd().split('\r\n');
      return [...(i === 0 ? [`readout,translator,${header}`] : []), ...lines.map((text) => before + text)]
        .map((text) => `${text}\r\n`)
        .join('');
    })
    .join('');
}

/**
 * A lens as JSON (UTF-8), a line for each cell: most probable tokens with their probabilities, entropy in nats, and of the token
 * that is followed the probability and the rank, from 1. `layer` -1 are the embeddings. float32 numbers are written with the fewest
 * digits that give them back exactly; what the model's arithmetic cannot hold is null.
 */
export function lensJson(table: LensTable): string {
  const { model, parameters, blocks, layers, positions, topK, named, version, device, seconds } = table;
  const { readout, translator, context, interventions, masked } = parameters;
  const at = lensCells(table);
  const strange = table.tokens.filter(({ kind }) => kind !== 'text');
  const list = (tokens: readonly Token[]): string =>
    `[\n${tokens.map(({ id, text, kind }) => `{"id": ${id}, "text": ${jsonText(text)}, "kind": "${kind}"}`).join(',\n')}\n]`;
  const cells = layers.flatMap((layer, row) =>
    positions.map((_, column) => {
      const { top, entropy, named: followed } = at(row, column);
      const tokens = top.map(
        ({ token, probability }) => `[${token.id}, ${jsonText(token.text)}, ${float32Text(probability)}]`,
      );
      const more = followed ? `, "probability": ${float32Text(followed.probability)}, "rank": ${followed.rank}` : '';
      return `{"layer": ${layerIndex(layer)}, "position": ${column}, "entropy": ${float32Text(entropy)}${more}, "top": [${tokens.join(', ')}]}`;
    }),
  );
  const entries = [
    ['format', jsonText(LENS_FORMAT)],
    ['version', String(LENS_VERSION)],
    ['model', jsonValue({ ...model, blocks })],
    ['parameters', jsonValue({ readout, translator, context, interventions, masked, topK })],
    ['runtime', jsonValue({ version, device, seconds })],
    ['layers', jsonValue(layers.map(layerIndex))],
    ['positions', list(positions)],
    ...(named ? [['followed', list([named.token]).slice(1, -1).trim()]] : []),
    // Of nearly all tokens the text is all that there is to tell.
    ...(strange.length > 0
      ? [['kinds', jsonValue(Object.fromEntries(strange.map(({ id, kind }) => [id, kind])))]]
      : []),
    ['cells', `[\n${cells.join(',\n')}\n]`],
  ];
  return `{\n${entries.map(([name = '', value = '']) => `${jsonText(name)}: ${value}`).join(',\n')}\n}\n`;
}

/** A lens as CSV (RFC 4180), a line a cell, with its most probable token; texts are JSON strings, as in a map's own CSV. */
export function lensCsv(table: LensTable): string {
  const { layers, positions, named } = table;
  const at = lensCells(table);
  const header = [
    'layer',
    'position',
    'input_token_id',
    'input_token',
    'token_id',
    'token',
    'probability',
    'entropy_nats',
  ];
  let text = line([...header, ...(named ? ['followed_probability', 'followed_rank'] : [])]);
  for (const [row, layer] of layers.entries())
    for (const [column, input] of positions.entries()) {
      const { top, entropy, named: followed } = at(row, column);
      const [first] = top;
      text += line([
        layerIndex(layer),
        column,
        input.id,
        csvText(input.text),
        ...(first
          ? [first.token.id, csvText(first.token.text), float32Text(first.probability), float32Text(entropy)]
          : ['', '', '', '']),
        ...(named ? (followed ? [float32Text(followed.probability), followed.rank] : ['', '']) : []),
      ]);
    }
  return text;
}

const line = (fields: readonly (string | number)[]): string => `${fields.join(',')}\r\n`;
