import { t } from '@vscode/l10n';
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { type Format, formatOf, FORMATS } from '../formats/formats.js';
import { fileName } from '../formats/names.js';
import { besideName } from '../formats/readMap.js';
import { cellsBeside } from '../formats/toJson.js';
import { DEFAULT_FORMATS } from '../host/outputDefaults.js';
import type { DrawnSet, SavedSet } from '../host/savedSets.js';
import { Fault, type FaultData } from '../map/fault.js';
import type { TokenMap } from '../map/tokenMap.js';
import type { Closer } from '../panel/dependencies.js';
import { showFault } from './log.js';
import type { Services } from './services.js';
import { requireReach } from './trust.js';
import { ask, pick, showBriefly, showInformation, whileSaying } from './window.js';
import { anyFolder, workspaceFolder } from './workspaceFolder.js';

const PICTURES = FORMATS.filter((format) => formatOf(format).kind !== 'data');
const SCALES = [1, 2, 3, 4] as const;

/** What a set is called. */
const SETS: Readonly<Record<DrawnSet['kind'], string>> = {
  comparison: t('the Comparison'),
  series: t('All Layers'),
  lens: t('Layers × Positions'),
  profile: t('the Profile'),
};

async function askForFolder(): Promise<vscode.Uri | undefined> {
  const [uri] =
    (await vscode.window.showOpenDialog({
      canSelectFolders: true,
      canSelectFiles: false,
      openLabel: t('Save Here'),
      title: t('The Folder to Save In'),
    })) ?? [];
  return uri;
}

/** Saves maps and pictures of them. */
export class Saving {
  /** Settles when the save before has ended: maps are saved one after another, each with the question that it asks. */
  private before: Promise<unknown> = Promise.resolve();

  constructor(private readonly services: Pick<Services, 'files' | 'log' | 'settings'>) {}

  /**
   * Saves to the output folder of the workspace, or asks where (`as`). Shows what went wrong.
   * @returns whether it was written.
   */
  async saveMap(map: TokenMap, { as, closer }: { readonly as: boolean; readonly closer?: Closer }): Promise<boolean> {
    return this.shown(async () => (as ? this.saveAs(map, FORMATS, 'json', { closer }) : this.saveInWorkspace(map)));
  }

  /** Asks for kind, size and place of a picture and writes it, as the panel shows the map. */
  async exportPicture(map: TokenMap, closer?: Closer): Promise<boolean> {
    return this.shown(async () => {
      const picked = await pick(
        PICTURES.flatMap((format) => {
          const { name, kind, holds } = formatOf(format);
          const label = name.toUpperCase();
          if (kind !== 'pixels') return [{ label, description: holds, format, scale: 1 }];
          return SCALES.map((scale) => ({
            label: `${label} ${scale}×`,
            description: scale === 2 ? holds : '',
            format,
            scale,
          }));
        }),
        { title: t('Export Picture') },
      );
      if (picked === undefined) return false;
      return this.saveAs(map, [picked.format], picked.format, { scale: picked.scale, closer });
    });
  }

  /** Saves what a panel shows beside its map, to the output folder of the workspace or to one that is asked for (`as`). */
  async saveSet(set: SavedSet, { as }: { readonly as: boolean }): Promise<boolean> {
    return this.shown(async () => {
      const uri = as ? await askForFolder() : await this.outputFolder();
      if (uri === 'none') {
        const choice = await showInformation(
          t('This is saved into the folder that is open in VS Code, and none is.'),
          t('Choose a Folder...'),
        );
        return choice !== undefined && this.saveSet(set, { as: true });
      }
      if (uri === undefined) return false;
      const [output, disk] = [as ? anyFolder(uri) : workspaceFolder(uri), uri.scheme === 'file' ? uri.fsPath : null];
      const saved = this.before.then(async () =>
        whileSaying(t('Saving {0}', SETS[set.kind]), () => this.services.files.saveSet(set, output, disk)),
      );
      this.before = saved.catch(() => undefined);
      const json = await saved;
      const place = set.kind === 'series' ? vscode.Uri.file(json) : vscode.Uri.joinPath(uri, json);
      this.services.log.info(`Saved ${place.fsPath}.`);
      void this.announce(place);
      return true;
    });
  }

  /** Asks for kind, size and place of the picture of a set and writes it. */
  async exportSet(set: DrawnSet): Promise<boolean> {
    return this.shown(async () => {
      const picked = await pick(
        [
          ...SCALES.map((scale) => ({ label: `PNG ${scale}×`, description: '', format: 'png' as const, scale })),
          { label: 'SVG', description: t('vectors, text as text'), format: 'svg' as const, scale: 1 },
          ...(set.kind === 'series'
            ? [{ label: 'APNG', description: t('a film of the layers'), format: 'apng' as const, scale: 1 }]
            : []),
          ...(set.kind === 'profile'
            ? [{ label: 'CSV', description: t('a line per point and token'), format: 'csv' as const, scale: 1 }]
            : []),
          ...(set.kind === 'series' || set.kind === 'comparison'
            ? [{ label: 'HTML', description: t('a page to look around in'), format: 'html' as const, scale: 1 }]
            : []),
        ],
        { title: t('Export Picture of {0}', SETS[set.kind]) },
      );
      if (picked === undefined) return false;
      const start = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(homedir());
      const uri = await vscode.window.showSaveDialog({
        defaultUri: vscode.Uri.joinPath(start, `embedding_grid_${set.kind}.${picked.format}`),
        filters: { [picked.format.toUpperCase()]: [picked.format] },
        title: t('Export Picture'),
      });
      if (uri === undefined) return false;
      const bytes = await whileSaying(t('Drawing the picture'), () =>
        this.services.files.encodeSet(set, picked.format, picked.scale),
      );
      await vscode.workspace.fs.writeFile(uri, bytes);
      this.services.log.info(`Wrote ${uri.fsPath}.`);
      showBriefly('check', t('{0} written', uri.path.split('/').at(-1) ?? ''));
      return true;
    });
  }

  /** The workspace's output folder; undefined: the person thought better of it. */
  private async outputFolder(): Promise<vscode.Uri | undefined | 'none'> {
    const folder = await this.askForWorkspaceFolder();
    if (folder === 'none' || folder === undefined) return folder;
    const uri = vscode.Uri.joinPath(folder.uri, ...this.services.settings.outputFolder(folder.uri).split(/[\\/]/));
    await requireReach(uri);
    return uri;
  }

  private async saveInWorkspace(map: TokenMap): Promise<boolean> {
    const uri = await this.outputFolder();
    if (uri === 'none') return this.explainNoFolder(map);
    if (uri === undefined) return false;
    const output = workspaceFolder(uri);
    const saved = this.before.then(async () => {
      const overwrite = await this.askAboutOthers(map, output);
      if (overwrite === undefined) return undefined;
      return whileSaying(t('Saving the map'), () =>
        this.services.files.save(map, DEFAULT_FORMATS, output, { overwrite }),
      );
    });
    this.before = saved.catch(() => undefined);
    const result = await saved;
    if (result === undefined) return false;
    const { files, missing } = result;
    for (const { fault } of missing) void showFault(this.services.log, withoutPicture(fault));
    const written = files.map((name) => vscode.Uri.joinPath(uri, name));
    const json = written.find(({ path }) => path.endsWith('.json'));
    this.services.log.info(`Saved ${files.join(', ')} in ${uri.fsPath}.`);
    if (json) void this.announce(json);
    return true;
  }

  /** Whether to replace the map that has the files' names. undefined: neither, the person thought better of it. */
  private async askAboutOthers(
    map: TokenMap,
    output: ReturnType<typeof workspaceFolder>,
  ): Promise<boolean | undefined> {
    const number = await this.services.files.plan(map, output);
    if (number === null) return false;
    const taken = fileName(map.specification, 'json');
    const choice = await ask(
      t('{0} holds another map under the name {1}.', output.name, taken),
      t('Keep Both saves this one as {0}.', fileName(map.specification, 'json', number)),
      t('Keep Both'),
      t('Replace'),
    );
    return choice === undefined ? undefined : choice === t('Replace');
  }

  private async saveAs(
    map: TokenMap,
    formats: readonly Format[],
    first: Format,
    { scale = 2, closer }: { readonly scale?: number; readonly closer?: Closer | undefined } = {},
  ): Promise<boolean> {
    const start = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(homedir());
    const name = fileName(map.specification, first);
    const ordered = [first, ...formats.filter((format) => format !== first)];
    const uri = await vscode.window.showSaveDialog({
      defaultUri: vscode.Uri.joinPath(start, name),
      filters: Object.fromEntries(ordered.map(formatOf).map(({ label, extension }) => [label, [extension]])),
      title: formats.length === 1 ? t('Export Picture') : t('Save Map As'),
    });
    if (uri === undefined) return false;
    const format = formats.find((one) => uri.path.toLowerCase().endsWith(`.${formatOf(one).extension}`)) ?? first;
    const bytes = await whileSaying(t('Saving the map'), async () => {
      const whole = format === 'html' && closer ? await closer(map) : map;
      return this.services.files.encode({ map: whole, format, scale });
    });
    // Also what a large map's JSON cannot be opened without.
    if (format === 'json' && cellsBeside(map)) await this.writeCells(map, uri);
    await vscode.workspace.fs.writeFile(uri, bytes);
    this.services.log.info(`Wrote ${uri.fsPath}.`);
    showBriefly('check', t('{0} written', uri.path.split('/').at(-1) ?? ''));
    return true;
  }

  /** @throws Fault where the name that the cells must have is taken: the person was asked about the JSON's only. */
  private async writeCells(map: TokenMap, json: vscode.Uri): Promise<void> {
    const uri = json.with({ path: besideName(json.path) });
    const name = uri.path.split('/').at(-1) ?? '';
    const taken = await vscode.workspace.fs.stat(uri).then(
      () => true,
      () => false,
    );
    if (taken)
      throw new Fault({
        code: 'output',
        message: t(
          'The cells of a map of this size are saved beside it, as {0}, and there is such a file: nothing was saved.',
          name,
        ),
        hint: t('Choose another name.'),
      });
    const cells = { map, format: 'npz', scale: 1 } as const;
    await vscode.workspace.fs.writeFile(uri, await this.services.files.encode(cells));
  }

  private async explainNoFolder(map: TokenMap): Promise<boolean> {
    const choice = await showInformation(
      t(
        'Maps are saved into the folder that is open in VS Code, and none is. Open a folder, or choose a place for this map.',
      ),
      t('Save As...'),
      t('Open Folder...'),
    );
    if (choice === t('Open Folder...')) await vscode.commands.executeCommand('workbench.action.files.openFolder');
    return choice === t('Save As...') && this.saveAs(map, FORMATS, 'json');
  }

  private async askForWorkspaceFolder(): Promise<vscode.WorkspaceFolder | undefined | 'none'> {
    const folders = vscode.workspace.workspaceFolders ?? [];
    if (folders.length > 1) {
      const items = folders.map((folder) => ({
        label: folder.name,
        description: folder.uri.fsPath,
        iconPath: vscode.ThemeIcon.Folder,
        folder,
      }));
      return (await pick(items, { title: t('The Folder to Save the Map In') }))?.folder;
    }
    return folders[0] ?? 'none';
  }

  /** Says where the map is. The Explorer opens on demand alone: it would take its room from the panel. */
  private async announce(json: vscode.Uri): Promise<void> {
    const message = t('Saved as {0}, with its pictures beside it.', vscode.workspace.asRelativePath(json));
    const chosen = await showInformation(message, t('Open'), t('Show in Explorer'));
    if (chosen === t('Open')) await vscode.commands.executeCommand('embeddingGrid.openAsMap', json);
    else if (chosen !== undefined) await vscode.commands.executeCommand('revealInExplorer', json);
  }

  private async shown(act: () => Promise<boolean>): Promise<boolean> {
    try {
      return await act();
    } catch (error) {
      void showFault(
        this.services.log,
        error instanceof vscode.FileSystemError ? outputFault(error) : Fault.from(error),
      );
      return false;
    }
  }
}

const withoutPicture = (fault: FaultData): Fault =>
  new Fault({
    ...fault,
    message: t('The map was saved, but a picture of it is missing: {0}', fault.message),
    hint: t('Open the saved map and export its picture.'),
  });

const outputFault = (error: vscode.FileSystemError): Fault =>
  new Fault({
    code: 'output',
    message: t('The file cannot be written: {0}', error.message),
    hint: t('Choose another place.'),
  });
