import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { contentsOf } from '../hub/contents.js';

/** A value of the setting: VS Code's own Node, whatever the model. */
const ELECTRON = 'electron';
/** Weights of which engines run on a Node of the machine's: Electron's allocator ends a process at single allocations of 2 GiB. */
const LARGE_BYTES = 2 ** 31;
/** What the engine is built for. */
const OLDEST = [20, 19];

export interface NodeChoice {
  /** Value of the setting: a path, `electron`, or undefined for an automatic choice. */
  readonly setting: string | undefined;
  readonly modelPath: string;
  /** Electron's allocator has ended an engine before. */
  readonly trapped: boolean;
  /** Whether we run on Electron, as desktop VS Code does. */
  readonly onElectron?: boolean;
}

/** The Node executable for an engine; undefined: the one that runs us. */
export function chooseNode({
  setting,
  modelPath,
  trapped,
  onElectron = process.versions.electron !== undefined,
}: NodeChoice): string | undefined {
  if (setting === ELECTRON) return undefined;
  if (setting !== undefined) return setting;
  if (!onElectron) return undefined;
  const large = trapped || (contentsOf(modelPath)?.bytes ?? 0) >= LARGE_BYTES;
  return large ? systemNode() : undefined;
}

let found: { readonly node: string | undefined } | undefined;

/** A Node of the machine's that can run the engine: the first on the PATH that is new enough. Looked for once. */
export function systemNode(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  if (env === process.env && found) return found.node;
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const node = (env.PATH ?? env.Path ?? '')
    .split(path.delimiter)
    // A relative entry would lead into the folder that happens to be open.
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, name))
    .find((file) => existsSync(file) && isNewEnough(file));
  if (env === process.env) found = { node };
  return node;
}

function isNewEnough(file: string): boolean {
  try {
    const text = execFileSync(file, ['--version'], {
      encoding: 'utf8',
      timeout: 10_000, // it takes a moment; on a machine that has just begun to start, with us, seconds
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [, major = '0', minor = '0'] = /^v(\d+)\.(\d+)/.exec(text) ?? [];
    const [oldest = 0, least = 0] = OLDEST;
    return Number(major) > oldest || (Number(major) === oldest && Number(minor) >= least);
  } catch {
    return false;
  }
}
