import { t } from '@vscode/l10n';
import { homedir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { fileName } from '../formats/names.js';
import type { ReadFeature } from '../formats/features.js';
import { layoutOf, SAE_CONFIGURATION, saeName, saePlace, saeWeights, sizesOf } from '../formats/saeFolder.js';
import { toNpy } from '../formats/npy.js';
import { planeNpz } from '../formats/planeNpz.js';
import { isTable, readTextTable } from '../formats/textTable.js';
import type { VectorEntry } from '../formats/vectorFile.js';
import type { VectorPlace } from '../host/filesProtocol.js';
import { Fault } from '../map/fault.js';
import { formatCount } from '../map/numbers.js';
import type { Feature } from '../map/questions.js';
import { LIMITS } from '../map/specification.js';
import type { TokenMap } from '../map/tokenMap.js';
import { encodeVector } from '../map/vector.js';
import type { PanelDependencies } from '../panel/dependencies.js';
import type { Services } from './services.js';
import { askForText, pick, showBriefly } from './window.js';

type VectorDependencies = Pick<
  PanelDependencies,
  | 'chooseVector'
  | 'chooseFeature'
  | 'chooseSae'
  | 'readFeature'
  | 'chooseTable'
  | 'chooseTexts'
  | 'chooseTranslator'
  | 'saveVector'
  | 'savePlane'
>;

/** Vectors and texts that come from files, and vectors that go into them. */
export const vectorDependencies = (services: Pick<Services, 'files' | 'log' | 'settings'>): VectorDependencies => ({
  async chooseVector(numbers) {
    const uri = await choose(
      t('Choose a File with Vectors'),
      {
        [t('Vectors')]: ['npy', 'npz', 'safetensors', 'json'],
        [t('All files')]: ['*'],
      },
      true,
    );
    if (uri === undefined) return undefined;
    const place = await placeOf(uri);
    const entries = await services.files.listVectors(place);
    const source = await vectorOf(services.files, place, entries, numbers);
    return source && { source, ...saeAt(place, entries) };
  },
  async chooseFeature(numbers) {
    const uri = await choose(
      t('Choose a Sparse Autoencoder or a Probe'),
      {
        [t('Vectors')]: ['safetensors', 'npy', 'npz', 'json'],
        [t('All files')]: ['*'],
      },
      true,
    );
    return uri && featureOf(services.files, await placeOf(uri), numbers);
  },
  async chooseSae() {
    const uri = await choose(
      t('Choose a Sparse Autoencoder'),
      {
        [t('Vectors')]: ['safetensors', 'npz', 'json'],
        [t('All files')]: ['*'],
      },
      true,
    );
    if (uri === undefined) return undefined;
    if (uri.scheme === 'file') return saePlace(uri.fsPath);
    throw new Fault({
      code: 'file',
      message: t('A sparse autoencoder is read from this machine.'),
      hint: t('Copy it here first.'),
    });
  },
  async readFeature(sae, feature, numbers) {
    const { vector, ...rest } = await services.files.readFeature({ path: sae }, { row: feature, hiddenSize: numbers });
    return { kind: 'feature', vector: encodeVector(vector), ...rest };
  },
  async chooseTable() {
    const uri = await choose(t('Choose a File with Texts'), {
      [t('Tables and texts')]: ['csv', 'tsv', 'txt'],
      [t('All files')]: ['*'],
    });
    if (uri === undefined) return undefined;
    const bytes = await read(uri, 16 * LIMITS.textCharacters);
    return isTable(uri.path) ? readTextTable(nameOf(uri), bytes) : { texts: linesOf(bytes) };
  },
  async chooseTexts() {
    const uri = await choose(t('Choose a File with One Text a Line'), {
      [t('Text')]: ['txt', 'csv', 'md', 'jsonl', '*'],
    });
    return uri && linesOf(await read(uri, 8 * LIMITS.textCharacters));
  },
  async chooseTranslator() {
    const uri = await choose(t('Choose a Tuned or Jacobian Lens'), {
      [t('Translators')]: ['pt', 'safetensors'],
      [t('All files')]: ['*'],
    });
    if (uri === undefined) return undefined;
    if (uri.scheme === 'file') return { path: uri.fsPath };
    throw new Fault({
      code: 'file',
      message: t('A translator is read from this machine.'),
      hint: t('Copy it here first.'),
    });
  },
  async saveVector(map, { x, y }, vector) {
    const place = `x${x}_y${y}`.replaceAll('-', 'm');
    return save(services, map, `${stem(map)}_${place}.npy`, { [t('NumPy array')]: ['npy'] }, toNpy(vector));
  },
  async savePlane(map) {
    return save(services, map, `${stem(map)}_plane.npz`, { [t('NumPy arrays')]: ['npz'] }, planeNpz(map));
  },
});

/**
 * A file of this machine is read in place, in parts; one of another comes whole. An autoencoder's folder, or the configuration in it,
 * leads to its weights.
 */
async function placeOf(uri: vscode.Uri): Promise<VectorPlace> {
  if (uri.scheme !== 'file') return { name: nameOf(uri), bytes: await read(uri, LARGEST_REMOTE) };
  const { fsPath } = uri;
  const folder = path.basename(fsPath) === SAE_CONFIGURATION ? path.dirname(fsPath) : fsPath;
  return { path: saeWeights(folder) ?? fsPath };
}

/** The autoencoder that a file of this machine is, if it is one. */
const saeAt = (place: VectorPlace, entries: readonly VectorEntry[]): { readonly sae?: string } =>
  'path' in place && layoutOf(entries) ? { sae: saePlace(place.path) } : {};

const nameOf = (uri: vscode.Uri): string => uri.path.split('/').at(-1) ?? '';

/** Bytes of a file that has to come from another machine. */
const LARGEST_REMOTE = 256e6;

/** A vector of a file; where several come into question a person chooses. */
async function vectorOf(
  files: Services['files'],
  place: VectorPlace,
  entries: readonly VectorEntry[],
  numbers: number | undefined,
): Promise<{ readonly kind: 'vector'; readonly vector: string; readonly name: string } | undefined> {
  const called = 'path' in place ? path.basename(place.path) : place.name;
  const fits = ({ refusal, width }: VectorEntry): boolean =>
    refusal === undefined && (numbers === undefined || width === numbers);
  const able = entries.filter(fits);
  let entry = able.length <= 1 ? (able[0] ?? entries[0]) : undefined;
  if (able.length > 1) {
    const picked = await pick(
      able.map((one) => ({
        label: one.key ?? called,
        description: `${one.shape.join(' × ')} ${one.type}`,
        one,
      })),
      { title: t('Vectors of {0}', called), placeHolder: t('The array that the vector is in') },
    );
    if (!picked) return undefined;
    entry = picked.one;
  }
  let row: number | undefined;
  if (entry && entry.refusal === undefined && entry.count > 1 && fits(entry)) {
    const last = entry.count - 1;
    const typed = await askForText({
      title: t('Vectors of {0}', called),
      prompt: t('Which of the {0} vectors? A row, 0 to {1}.', formatCount(entry.count), formatCount(last)),
      value: '0',
      problem: (text) =>
        /^\s*\d+\s*$/.test(text) && Number(text) <= last ? undefined : t('A whole number from 0 to {0}', last),
    });
    if (typed === undefined) return undefined;
    row = Number(typed);
  }
  const { vector, name } = await files.readVector(place, { key: entry?.key ?? undefined, row, hiddenSize: numbers });
  // Weights by their usual name are called by their folder's.
  const told = 'path' in place ? name.replace(path.basename(place.path), saeName(place.path)) : name;
  return { kind: 'vector', vector: encodeVector(vector), name: told };
}

/** A feature of a file: by its number where the file is an autoencoder's, else a vector with the bias beside it. */
async function featureOf(
  files: Services['files'],
  place: VectorPlace,
  numbers: number | undefined,
): Promise<{ readonly feature: Feature; readonly sae?: string } | undefined> {
  const entries = await files.listVectors(place);
  const layout = layoutOf(entries);
  const encoder = entries.find(({ key }) => key === layout?.encoder);
  if (!layout || !encoder) {
    const chosen = await vectorOf(files, place, entries, numbers);
    if (!chosen) return undefined;
    const [, key, row] = /:(.+?)(?:#(\d+))?$/.exec(chosen.name) ?? [];
    const pick = { key, row: row === undefined ? undefined : Number(row), hiddenSize: numbers };
    const feature = await files.readFeature(place, pick);
    return { feature: { kind: 'feature', ...feature, vector: encodeVector(feature.vector) } };
  }
  const read = (row: number): Promise<ReadFeature> => files.readFeature(place, { row, hiddenSize: numbers });
  // What is wrong with the file is said before a person is asked.
  await read(0);
  const { features } = sizesOf(layout, encoder);
  const last = features - 1;
  const typed = await askForText({
    title: t('Features of {0}', 'path' in place ? saeName(place.path) : place.name),
    prompt: t('Which of the {0} features? A number, 0 to {1}.', formatCount(features), formatCount(last)),
    value: '0',
    problem: (text) =>
      /^\s*\d+\s*$/.test(text) && Number(text) <= last ? undefined : t('A whole number from 0 to {0}', last),
  });
  if (typed === undefined) return undefined;
  const { vector, ...rest } = await read(Number(typed));
  return { feature: { kind: 'feature', vector: encodeVector(vector), ...rest }, ...saeAt(place, entries) };
}

/** Lines that are not empty, in order. @throws Fault `file` */
function linesOf(bytes: Uint8Array): readonly string[] {
  const refused = (message: string): Fault =>
    new Fault({ code: 'file', message, hint: t('Choose a file with one text a line.') });
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refused(t('The file is no text in UTF-8.'));
  }
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length === 0) throw refused(t('The file holds no text.'));
  return lines;
}

/** @param folders whether a folder may be chosen instead of a file, where a dialog can offer both */
const choose = async (
  title: string,
  filters: Record<string, string[]>,
  folders = false,
): Promise<vscode.Uri | undefined> => {
  const canSelectFolders = folders && offersBoth();
  const uris = await vscode.window.showOpenDialog({
    title,
    filters,
    canSelectFiles: true,
    canSelectFolders,
    defaultUri: startFolder(),
  });
  return uris?.[0];
};

/** The systems' own dialogs offer files or folders on Linux and Windows; macOS's and VS Code's own offer both. */
const offersBoth = (): boolean =>
  process.platform === 'darwin' ||
  vscode.env.remoteName !== undefined ||
  vscode.workspace.getConfiguration('files').get<boolean>('simpleDialog.enable') === true;

const startFolder = (): vscode.Uri => vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(homedir());

/** A file's bytes, unless they are too many. @throws Fault `file`. */
async function read(uri: vscode.Uri, most: number): Promise<Uint8Array> {
  try {
    const { size } = await vscode.workspace.fs.stat(uri);
    if (size <= most) return await vscode.workspace.fs.readFile(uri);
  } catch (error) {
    throw new Fault({ code: 'file', message: t('The file cannot be read: {0}', Fault.from(error).message) });
  }
  throw new Fault({
    code: 'file',
    message: t('The file is larger than {0} MB.', Math.floor(most / 1e6)),
    hint: t('Choose a smaller one.'),
  });
}

const stem = (map: TokenMap): string => fileName(map.specification, 'json').replace(/\.json$/, '');

/** Asks where, from the results folder on (the dialog asks before it replaces a file), and writes. */
async function save(
  { log, settings }: Pick<Services, 'log' | 'settings'>,
  map: TokenMap,
  name: string,
  filters: Record<string, string[]>,
  bytes: Uint8Array,
): Promise<boolean> {
  const folder = vscode.workspace.workspaceFolders?.[0];
  const start = folder
    ? vscode.Uri.joinPath(folder.uri, ...settings.outputFolder(folder.uri).split(/[\\/]/))
    : startFolder();
  const uri = await vscode.window.showSaveDialog({
    title: t('Save'),
    defaultUri: vscode.Uri.joinPath(start, name),
    filters,
  });
  if (uri === undefined) return false;
  try {
    await vscode.workspace.fs.writeFile(uri, bytes);
  } catch (error) {
    throw new Fault({ code: 'output', message: t('The file cannot be written: {0}', Fault.from(error).message) });
  }
  log.info(`Wrote ${uri.fsPath}: ${map.plane.c.length} dimensions.`);
  showBriefly('check', t('{0} written', uri.path.split('/').at(-1) ?? ''));
  return true;
}
