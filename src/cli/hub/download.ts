import { type DownloadPlan, download, planDownload } from '../../hub/download/download.js';
import { parseHubName } from '../../hub/names.js';
import { safeText } from '../../map/display.js';
import { formatBytes } from '../inspect.js';
import { bad } from '../computing.js';
import { type Output } from '../progress.js';
import type { HubCommand } from './hubCommands.js';

/** Between two lines of progress, in ms. */
const BAR_PAUSE = 100;
const LINE_PAUSE = 5000;

/** Fetches a model from the Hugging Face hub. What will be fetched is said first. @throws Fault */
export async function downloadModel(
  { name: text, dryRun, quiet }: HubCommand & { readonly kind: 'download' },
  out: Output,
  err: Output,
  signal: AbortSignal,
): Promise<void> {
  const name = parseHubName(text);
  if (name === undefined)
    throw bad(`"${text}" is no name of a model on the Hugging Face hub.`, 'Write it as ORG/NAME[/FILE][@REVISION].');
  const plan = await planDownload(name, { signal });
  if (!quiet || dryRun) out.write(`${describe(plan).join('\n')}\n`);
  if (dryRun) return;
  const speed = speedometer();
  let next = performance.now() + (err.isTTY ? 0 : LINE_PAUSE);
  const onProgress = (done: number, total: number, file: string): void => {
    const now = performance.now();
    if (quiet || now < next) return;
    next = now + (err.isTTY ? BAR_PAUSE : LINE_PAUSE);
    const line = progressLine(done, total, file, speed(done, now));
    err.write(err.isTTY ? `\r${line}\u001B[K` : `${line}\n`);
  };
  try {
    const place = await download(plan, { signal, onProgress });
    if (!quiet && err.isTTY) err.write('\r\u001B[K');
    out.write(`${place}\n`);
  } catch (error) {
    if (!quiet && err.isTTY) err.write('\r\u001B[K');
    throw error;
  }
}

function describe({ name, repository, files, bytes, missingBytes, cache }: DownloadPlan): string[] {
  const width = Math.max(...files.map(({ path }) => path.length));
  const about = [
    `revision ${name.revision ?? 'main'} (${repository.commit.slice(0, 12)})`,
    repository.licence === undefined ? 'no licence stated' : `licence ${safeText(repository.licence, 60)}`,
    ...(repository.gated ? ['gated'] : []),
  ];
  const left =
    missingBytes === 0
      ? 'all of it is there'
      : missingBytes === bytes
        ? 'to be fetched'
        : `${formatBytes(missingBytes)} to be fetched`;
  return [
    `${repository.name}: ${about.join(', ')}`,
    ...files.map(({ path, size }) => `  ${safeText(path, 200).padEnd(width)}  ${formatBytes(size)}`),
    `${formatBytes(bytes)} in ${files.length} ${files.length === 1 ? 'file' : 'files'}, ${left}, into ${safeText(cache, 300)}`,
  ];
}

function progressLine(done: number, total: number, file: string, bytesPerSecond: number | undefined): string {
  const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
  const left = bytesPerSecond === undefined ? undefined : (total - done) / bytesPerSecond;
  return [
    `${percent}%`,
    `${formatBytes(done)} of ${formatBytes(total)}`,
    ...(bytesPerSecond === undefined ? [] : [`${formatBytes(bytesPerSecond)}/s`]),
    ...(left === undefined || !Number.isFinite(left) ? [] : [`about ${Math.max(1, Math.round(left))} s left`]),
    safeText(file, 60),
  ].join(' · ');
}

/** Bytes a second over the last seconds; undefined at the beginning. */
function speedometer(): (done: number, now: number) => number | undefined {
  const seen: { done: number; now: number }[] = [];
  return (done, now) => {
    seen.push({ done, now });
    while (seen.length > 2 && now - (seen[0]?.now ?? 0) > 10_000) seen.shift();
    const [first] = seen;
    if (!first || now - first.now < 500 || done <= first.done) return undefined;
    return (1000 * (done - first.done)) / (now - first.now);
  };
}
