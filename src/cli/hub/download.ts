import { type DownloadPlan, download, planDownload } from '../../hub/download/download.js';
import { aboutPlan, downloadProgress, filesOfPlan, sizeOfPlan } from '../../hub/download/words.js';
import { parseHubName } from '../../hub/names.js';
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
  const words = downloadProgress();
  let next = performance.now() + (err.isTTY ? 0 : LINE_PAUSE);
  const onProgress = (done: number, total: number, file: string): void => {
    const now = performance.now();
    if (quiet || now < next) return;
    next = now + (err.isTTY ? BAR_PAUSE : LINE_PAUSE);
    const line = words(done, total, file, now);
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

const describe = (plan: DownloadPlan): string[] => [
  `${plan.repository.name}: ${aboutPlan(plan)}`,
  ...filesOfPlan(plan).map((line) => `  ${line}`),
  sizeOfPlan(plan),
];
