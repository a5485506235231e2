import { lensesCsv, lensesJson } from '../formats/lens/lensData.js';
import { encodeAll, saveFigures } from '../formats/comparison/saveFigures.js';
import { LENS_FORMATS } from '../formats/lens/formats.js';
import { checkOutputFolder } from '../host/checkOutputFolder.js';
import { assetsFolder } from '../host/installation.js';
import { LENS_NAME } from '../host/savedSets.js';
import { safeText, tokenText } from '../map/display.js';
import { type FlagValues, parametersFromFlags } from '../map/flags.js';
import { parseTokens } from '../map/flags/tokenNames.js';
import { ownRow, readoutsOf } from '../map/lens/beside.js';
import { lensCells, type LensTable } from '../map/lens/lensTable.js';
import { entryWords, lensName } from '../map/lens/lensWords.js';
import { capital, translatorWords } from '../map/naming.js';
import { formatCount, formatPercent } from '../map/numbers.js';
import { contextOf, DEFAULT_PARAMETERS, type TokenName } from '../map/specification.js';
import type { LensProgress } from '../protocol/lens.js';
import { bad, type ComputingChoices } from './computing.js';
import { readFlagFiles } from './flagFiles.js';
import { type ModelAsked, openAsked } from './openAsked.js';
import { type Output, progressBar, silentProgress } from './progress.js';

export interface LensCommand extends ComputingChoices, ModelAsked {
  readonly kind: 'lens';
  /** Those of `LENS_MAP_FLAGS`. */
  readonly map: FlagValues;
  /** The token that is followed, as it was typed. */
  readonly token: string | undefined;
  readonly as: 'text' | 'json' | 'csv';
  /** Where files go; undefined: none are written. */
  readonly outputDir: string | undefined;
  readonly formats: readonly (typeof LENS_FORMATS)[number]['name'][];
}

/** `embedding-grid lens`: prints what a readout, or several, say at every layer and position of a prompt, and draws it where a folder is named. @throws Fault. */
export async function lens(command: LensCommand, out: Output, err: Output, signal: AbortSignal): Promise<void> {
  const { outputDir, formats, as } = command;
  const { map, batchSize } = command;
  const base = { ...DEFAULT_PARAMETERS, readout: 'lens' } as const;
  const followed = command.token === undefined ? undefined : tokenOf(command.token);
  const typed = typeof map.readout === 'string' ? map.readout : 'lens';
  const { readout: _, ...others } = map;
  const shared = {
    ...parametersFromFlags(others, base, await readFlagFiles(map)),
    question: followed === undefined ? null : ({ kind: 'probability', token: followed } as const),
  };
  if (contextOf(shared).kind === 'none') throw bad('A lens reads a prompt.', 'Give one: --prompt TEXT.');
  const asked = readoutsOf(typed).map(({ readout, translator }) => ({
    ...shared,
    readout,
    translator: translator ?? shared.translator,
  }));
  if (outputDir !== undefined) await checkOutputFolder(outputDir);
  const { engine } = await openAsked(command, err, signal);
  const progress = err.isTTY ? progressBar(err) : silentProgress;
  const lenses: LensTable[] = [];
  try {
    for (const parameters of asked) {
      const onEvent = ({ done, total }: LensProgress): void =>
        progress.update(lenses.length * total + done, asked.length * total, null);
      // Beside others the model itself is a row of its own: it says the same whichever layer is asked.
      const own = parameters.readout === 'forward' && asked.length > 1;
      const given = own ? ({ ...parameters, readout: 'lens', translator: null } as const) : parameters;
      const lens = await engine.call('lens', { parameters: given, batchSize }, { signal, onEvent });
      lenses.push(own ? ownRow(lens) : lens);
    }
  } finally {
    progress.clear();
    await engine.dispose();
  }
  out.write(
    as === 'json'
      ? lensesJson(lenses)
      : as === 'csv'
        ? lensesCsv(lenses)
        : lenses.map((lens) => report(lens, out.columns)).join('\n'),
  );
  if (outputDir === undefined) return;
  const wanted = LENS_FORMATS.filter(({ name }) => formats.includes(name));
  const encoded = await encodeAll(lenses, wanted, { assets: assetsFolder, signal });
  const extensions = LENS_FORMATS.map(({ extension }) => extension);
  const files = await saveFigures(outputDir, LENS_NAME, extensions, encoded);
  // Beside JSON or CSV nothing else is printed there.
  (as === 'text' ? out : err).write(files.map((file) => `${safeText(file, 1000)}\n`).join(''));
}

function tokenOf(text: string): TokenName {
  const [token, ...more] = parseTokens(text);
  if (token !== undefined && token !== '' && more.length === 0) return token;
  throw bad(`--token ${text}: this is not one token.`, 'Spaces count; a comma in a token is \\,.');
}

/** Letters of a token that are printed in a column. */
const TOKEN_LETTERS = 14;
const USUAL_COLUMNS = 110;

/** What is told to people: a line a layer, the last one first, as many positions beside each other as there is room for. */
function report(table: LensTable, width = USUAL_COLUMNS): string {
  const { model, parameters, layers, positions, named } = table;
  const at = lensCells(table);
  const name = Math.max(...layers.map((layer) => String(layer).length));
  const heads = positions.map((token, i) => `${i} ${tokenText(token, TOKEN_LETTERS)}`);
  const texts = layers.map((_, row) =>
    positions.map((__, column) => {
      const { top, named: followed } = at(row, column);
      const [first] = top;
      if (!first) return '–';
      const rank = followed ? ` #${formatCount(followed.rank)}` : '';
      return `${tokenText(first.token, TOKEN_LETTERS)} ${formatPercent(first.probability)}${rank}`;
    }),
  );
  const wide = heads.map((head, i) => Math.max(lengthOf(head), ...texts.map((line) => lengthOf(line[i] ?? ''))));
  const blocks: string[] = [];
  for (let from = 0; from < positions.length;) {
    let to = from + 1;
    let taken = name + (wide[from] ?? 0) + 2;
    while (to < positions.length && taken + (wide[to] ?? 0) + 2 <= width) taken += (wide[to++] ?? 0) + 2;
    const cells = (line: readonly string[]): string =>
      line
        .slice(from, to)
        .map((text, i) => `  ${padded(text, wide[from + i] ?? 0)}`)
        .join('')
        .trimEnd();
    const lines = layers.map((layer, row) => `${String(layer).padStart(name)}${cells(texts[row] ?? [])}`).reverse();
    blocks.push([...lines, `${' '.repeat(name)}${cells(heads)}`].join('\n'));
    from = to;
  }
  const entry = entryWords(table, positions.length - 1);
  const through = parameters.translator ? `, ${translatorWords(parameters.translator)}` : '';
  const heading = `${safeText(model.name)} \u00B7 ${lensName(table)}${through}`;
  const follows = named ? ` (# is the rank of “${tokenText(named.token)}”)` : '';
  return `${heading}${follows}\n\n${blocks.join('\n\n')}\n\n${entry === '' ? '' : `${capital(entry)}.\n`}`;
}

/** Of a line in a terminal, as far as code points tell. */
const lengthOf = (text: string): number => Array.from(text).length;
const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - lengthOf(text)));
