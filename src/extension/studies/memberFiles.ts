import { stat } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { StudyFiles } from '../../host/study/studyFiles.js';
import { Fault } from '../../map/fault.js';
import { requireReach } from '../trust.js';

/** The scheme under which the members of studies are files: saved maps, made from the tables when they are read. */
export const MEMBER_SCHEME = 'embedding-grid-study';

const KEPT = 4;

/** A member's file: `RESULTS/12 layer=3, seed=5.json`. The number leads to it, the name is for people. */
export function memberUri(folder: string, number: number, name: string): vscode.Uri {
  const words = name
    .replaceAll(/[\p{C}\\/:*?"<>|%#[\]{}]+/gu, '_')
    .slice(0, 80)
    .trim();
  return vscode.Uri.joinPath(vscode.Uri.file(folder), `${number} ${words}.json`).with({ scheme: MEMBER_SCHEME });
}

/** Members of studies as files that cannot be written: whatever opens or compares saved maps opens and compares them. */
export class MemberFiles implements vscode.FileSystemProvider {
  readonly onDidChangeFile = new vscode.EventEmitter<vscode.FileChangeEvent[]>().event;
  /** Those that were read last, by their addresses: a file is looked at before it is read. */
  private readonly kept = new Map<string, Promise<Uint8Array>>();

  constructor(private readonly files: Pick<StudyFiles, 'member'>) {}

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { length } = await this.readFile(uri);
    return {
      type: vscode.FileType.File,
      ctime: 0,
      mtime: 0,
      size: length,
      permissions: vscode.FilePermission.Readonly,
    };
  }

  readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const key = uri.toString();
    const read = this.kept.get(key) ?? this.read(uri);
    this.kept.delete(key);
    this.kept.set(key, read);
    read.catch(() => this.kept.delete(key)); // it may be there the next time
    const [oldest] = this.kept.keys();
    if (this.kept.size > KEPT && oldest !== undefined) this.kept.delete(oldest);
    return read;
  }

  private async read(uri: vscode.Uri): Promise<Uint8Array> {
    const [, number] = /\/(\d{1,8}) [^/]*\.json$/.exec(uri.path) ?? [];
    const folder = vscode.Uri.joinPath(uri, '..').with({ scheme: 'file' });
    if (number === undefined || !(await stat(folder.fsPath).catch(() => undefined))) throw missing(uri);
    await requireReach(folder);
    try {
      return await this.files.member(folder.fsPath, Number(number));
    } catch (thrown) {
      throw vscode.FileSystemError.Unavailable(Fault.from(thrown).message);
    }
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  writeFile(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }
}

const missing = (uri: vscode.Uri): vscode.FileSystemError => vscode.FileSystemError.FileNotFound(uri);
