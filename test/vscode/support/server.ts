import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fillWithExtensions, SERVER_MAIN, SERVER_NODE } from './places.js';

export interface ServerOptions {
  /** User settings beside {@link QUIET_SETTINGS}; they may name places in the workspace folder. */
  readonly settings?: (workspace: string) => Readonly<Record<string, unknown>>;
  /**
   * Settings that belong to a machine, which a window on another has not from its user: VS Code forgets those of the user as soon
   * as it knows what they are.
   */
  readonly machineSettings?: Readonly<Record<string, unknown>>;
  /** The folder to open; a new one by default, which is removed in the end. */
  readonly workspace?: string;
  /** Called with the workspace folder before the server starts, to fill it; what takes longer is done while it starts. */
  readonly fill?: (workspace: string) => void | Promise<void>;
  /** Variables of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** A packed extension to install first. */
  readonly vsix?: string;
  /** Port on 127.0.0.1; a free one by default. */
  readonly port?: number;
}

export interface Server {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  /** The folder that the workbench opens. */
  readonly workspace: string;
  /** The folder with the user's data and settings, extensions and home. */
  readonly folder: string;
  /** Process ids of everything that the server started and that still runs, its extension hosts and their children too. */
  processes(): Promise<readonly ServerProcess[]>;
  /** What the server wrote to its standard streams. */
  log(): string;
  /** Ends the server and everything that it started, and removes its folder. */
  stop(): Promise<void>;
}

export interface ServerProcess {
  readonly pid: number;
  readonly command: string;
}

/** A workbench without greetings, updates and experiments. Workspace trust is off unless a test turns it on. */
const QUIET_SETTINGS: Readonly<Record<string, unknown>> = {
  // Somebody who has chosen a default begins with the original's plane, not with the newcomer's.
  'embeddingGrid.defaults.seed': 42,
  'security.workspace.trust.enabled': false,
  'workbench.startupEditor': 'none',
  'workbench.colorTheme': 'Default Dark Modern',
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
  'git.enabled': false,
  'chat.disableAIFeatures': true,
  'chat.commandCenter.enabled': false,
};

const START_LIMIT_MS = 60_000;
/** How long the server waits for a window that has lost its connection. */
const RECONNECTION_GRACE_S = 3;

/**
 * Starts VS Code's own server on 127.0.0.1, with a user, an extensions folder and a workspace of its own.
 * @throws when it does not answer within a minute; the message holds its log.
 */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'eg-')); // short: unix sockets live in it
  const place = (name: string): string => {
    const made = path.join(folder, name);
    mkdirSync(made, { recursive: true });
    return made;
  };
  const workspace = options.workspace ?? place('workspace');
  const filled = options.fill?.(workspace);
  const settings = { ...QUIET_SETTINGS, ...options.settings?.(workspace) };
  writeFileSync(path.join(place('user/User'), 'settings.json'), JSON.stringify(settings, null, 2));
  writeFileSync(path.join(place('user/Machine'), 'settings.json'), JSON.stringify(options.machineSettings ?? {}));
  const env = cleanEnvironment({ HOME: place('home'), TMPDIR: place('tmp'), ...options.env });
  const common = [
    ...['--server-data-dir', place('server'), '--user-data-dir', path.join(folder, 'user')],
    ...['--extensions-dir', place('extensions'), '--accept-server-license-terms'],
  ];
  // Who installs a package has VS Code as it is.
  if (options.vsix === undefined) {
    fillWithExtensions(place('builtin'));
    common.push('--builtin-extensions-dir', place('builtin'));
  }
  if (options.vsix !== undefined) {
    const install = [SERVER_MAIN, ...common, '--install-extension', options.vsix, '--force'];
    await promisify(execFile)(SERVER_NODE, install, { env, timeout: 120_000 });
  }

  const port = options.port ?? (await freePort());
  const guard = fileURLToPath(new URL('./guard.mjs', import.meta.url));
  const child = spawn(
    process.execPath,
    [
      ...[guard, SERVER_NODE, SERVER_MAIN, ...common],
      ...['--host', '127.0.0.1', '--port', String(port), '--without-connection-token', '--telemetry-level', 'off'],
      '--enable-smoke-test-driver', // lets the address name an unpacked extension
      // A window that goes without a word is kept for three hours; its last message is often lost with the browser's page.
      ...['--reconnection-grace-time', String(RECONNECTION_GRACE_S)],
    ],
    { env, cwd: workspace, stdio: ['pipe', 'pipe', 'pipe'], detached: true },
  );
  let log = '';
  child.stdout.on('data', (text: Buffer) => (log += text.toString()));
  child.stderr.on('data', (text: Buffer) => (log += text.toString()));
  const exited = once(child, 'exit');
  child.unref();

  const url = `http://127.0.0.1:${port}`;
  const server: Server = {
    url,
    port,
    workspace,
    folder,
    processes: () => descendants(child.pid ?? -1),
    log: () => log,
    async stop() {
      child.ref(); // its streams may end before it is known to have ended, and nothing else may be left to wait for
      child.stdin.end();
      await exited;
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
  const deadline = Date.now() + START_LIMIT_MS;
  while (!(await answers(`${url}/version`))) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      await server.stop();
      throw new Error(`VS Code's server did not start.\n${log}`);
    }
    await wait(50);
  }
  await filled;
  return server;
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

/** The environment without what a surrounding VS Code or desktop would bring in. */
function cleanEnvironment(own: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([key]) => !/^(XDG_|VSCODE_|ELECTRON_|NODE_OPTIONS$|NODE_TEST_CONTEXT$)/.test(key),
  );
  return { ...Object.fromEntries(kept), EXTENSIONS_GALLERY: JSON.stringify({ serviceUrl: '' }), ...own };
}

async function freePort(): Promise<number> {
  const socket = net.createServer().listen(0, '127.0.0.1');
  await once(socket, 'listening');
  const address = socket.address();
  socket.close();
  await once(socket, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** All that descends from a process, itself too; what has ended and is not yet reaped left out. */
async function descendants(root: number): Promise<readonly ServerProcess[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,ppid=,stat=,args=']);
  const all = stdout.split('\n').flatMap((line) => {
    const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (state === undefined || state.startsWith('Z')) return [];
    return [{ pid: Number(pid), parent: Number(parent), command: command ?? '' }];
  });
  const found = all.filter(({ pid }) => pid === root);
  for (const { pid } of found) found.push(...all.filter(({ parent }) => parent === pid));
  return found;
}
