import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium, type LaunchOptions } from 'playwright-core';
import { chromiumFolder } from './places.js';

/**
 * A headless Chromium: on Linux x64 the one from npm, with the libraries and the font of its package where the machine lacks
 * them; elsewhere the person's own Chrome. It ends with this process.
 */
export async function launchBrowser(): Promise<Browser> {
  const args = [
    ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
    ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  ];
  const common: LaunchOptions = { headless: true, args };
  if (process.platform !== 'linux' || process.arch !== 'x64') return chromium.launch({ ...common, channel: 'chrome' });
  const folder = chromiumFolder();
  const executablePath = path.join(folder, 'chromium');
  return chromium.launch({
    ...common,
    executablePath,
    env: { ...plainEnvironment(), ...lacking(folder, executablePath) },
  });
}

const plainEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );

/** What the environment must say so that Chromium finds libraries and fonts that the machine has not. */
function lacking(folder: string, executable: string): Record<string, string> {
  return { ...lackingLibraries(folder, executable), ...lackingFonts(folder) };
}

function lackingLibraries(folder: string, executable: string): Record<string, string> {
  const complete = !execFileSync('ldd', [executable], { encoding: 'utf8' }).includes('not found');
  return complete ? {} : { LD_LIBRARY_PATH: path.join(folder, 'al2023', 'lib') };
}

function lackingFonts(folder: string): Record<string, string> {
  const system = ['/usr/share/fonts', '/usr/local/share/fonts'];
  if (system.some((place) => existsSync(place) && readdirSync(place).length > 0)) return {};
  const own = path.join(folder, 'own-fonts');
  mkdirSync(own, { recursive: true });
  const cache = path.join(folder, 'font-cache');
  writeFileSync(
    path.join(own, 'fonts.conf'),
    `<?xml version="1.0"?>\n<fontconfig><dir>${path.join(folder, 'fonts')}</dir><cachedir>${cache}</cachedir></fontconfig>\n`,
  );
  return { FONTCONFIG_PATH: own, FONTCONFIG_FILE: path.join(own, 'fonts.conf') };
}
