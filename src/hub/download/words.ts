import { safeText } from '../../map/display.js';
import { formatBytes, formatDuration } from '../../map/numbers.js';
import type { DownloadPlan } from './download.js';

/** What a download would be, and how far it is, as the command line and VS Code say it. */

/** Revision, licence, and whether access has to be asked for. */
export const aboutPlan = ({ name, repository }: Pick<DownloadPlan, 'name' | 'repository'>): string =>
  [
    `revision ${name.revision ?? 'main'} (${repository.commit.slice(0, 12)})`,
    repository.licence === undefined ? 'no licence stated' : `licence ${safeText(repository.licence, 60)}`,
    ...(repository.gated ? ['gated'] : []),
  ].join(', ');

/** How much it is in all, and how much of that is to come. */
export function sizeOfPlan({ files, bytes, missingBytes, cache }: DownloadPlan): string {
  const left =
    missingBytes === 0
      ? 'all of it is there'
      : missingBytes === bytes
        ? 'to be fetched'
        : `${formatBytes(missingBytes)} to be fetched`;
  return `${formatBytes(bytes)} in ${files.length} ${files.length === 1 ? 'file' : 'files'}, ${left}, into ${safeText(cache, 300)}`;
}

/** Each file with its size. */
export function filesOfPlan({ files }: Pick<DownloadPlan, 'files'>): string[] {
  const width = Math.max(...files.map(({ path }) => path.length));
  return files.map(({ path, size }) => `${safeText(path, 200).padEnd(width)}  ${formatBytes(size)}`);
}

/** Says how far a download is: `42% · 113 MB of 269 MB · 12.1 MB/s · about 13 s left · model.safetensors`. */
export function downloadProgress(): (done: number, total: number, file: string, now: number) => string {
  const speed = speedometer();
  return (done, total, file, now) => {
    const bytesPerSecond = speed(done, now);
    const left = bytesPerSecond === undefined ? undefined : (total - done) / bytesPerSecond;
    return [
      `${total === 0 ? 100 : Math.floor((100 * done) / total)}%`,
      `${formatBytes(done)} of ${formatBytes(total)}`,
      ...(bytesPerSecond === undefined ? [] : [`${formatBytes(bytesPerSecond)}/s`]),
      ...(left === undefined || !Number.isFinite(left)
        ? []
        : [`about ${formatDuration(Math.max(1, Math.round(left)))} left`]),
      safeText(file, 60),
    ].join(' · ');
  };
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
