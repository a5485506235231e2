import { encodeAll, saveFigures } from '../formats/comparison/saveFigures.js';
import { PROFILE_FORMATS } from '../formats/profile/formats.js';
import { checkOutputFolder } from '../host/checkOutputFolder.js';
import { assetsFolder } from '../host/installation.js';
import { readSpecification } from '../host/readSpecification.js';
import { safeText, tokenInWords } from '../map/display.js';
import { parametersFromFlags } from '../map/flags.js';
import { formatCount, formatFixed } from '../map/numbers.js';
import { type Profile, type ProfileLine, profileName, USUAL_STEPS } from '../map/profile.js';
import type { ProfileProgress } from '../protocol/profile.js';
import type { DrawCommand } from './draw.js';
import { readFlagFiles } from './flagFiles.js';
import { openNamedOrSaved } from './openAsked.js';
import { type Output, progressBar, silentProgress } from './progress.js';

export interface ProfileCommand extends Omit<DrawCommand, 'kind' | 'formats' | 'reading'> {
  readonly kind: 'profile';
  readonly line: ProfileLine;
  readonly formats: readonly (typeof PROFILE_FORMATS)[number]['name'][];
}

/** What its files are called. */
const NAME = 'embedding_grid_profile';
/** Changes that are printed, at most. */
const PRINTED = 20;

/** `embedding-grid --profile`: the winning tokens' probabilities along a line of the plane, as files, and where they change. @throws Fault. */
export async function drawProfile(
  command: ProfileCommand,
  out: Output,
  err: Output,
  signal: AbortSignal,
): Promise<void> {
  const { line, formats, outputDir, batchSize, quiet } = command;
  const saved = command.specification === undefined ? undefined : await readSpecification(command.specification);
  const parameters = parametersFromFlags(command.map, saved?.parameters, await readFlagFiles(command.map));
  await checkOutputFolder(outputDir);
  const progress = err.isTTY && !quiet ? progressBar(err) : silentProgress;
  const note = (text: string): void => {
    if (!quiet) err.write(`Note: ${safeText(text, 2000)}\n`);
  };
  const { engine } = await openNamedOrSaved(command, saved, { note, err, signal });
  let profile: Profile;
  try {
    const onEvent = ({ done, total }: ProfileProgress): void => progress.update(done, total, null);
    profile = await engine.call('profile', { parameters, ...line, steps: USUAL_STEPS, batchSize }, { signal, onEvent });
  } finally {
    progress.clear();
    await engine.dispose();
  }
  const wanted = PROFILE_FORMATS.filter(({ name }) => formats.includes(name));
  const encoded = await encodeAll(profile, wanted, { assets: assetsFolder, signal });
  const extensions = PROFILE_FORMATS.map(({ extension }) => extension);
  const files = await saveFigures(outputDir, NAME, extensions, encoded);
  if (!quiet) out.write(report(profile) + files.map((file) => `${safeText(file, 1000)}\n`).join(''));
}

/** What is told to people: what wins, and where that changes. */
function report(profile: Profile): string {
  const { model, tokens, changes, winners, steps } = profile;
  const name = (place: number): string => {
    const token = tokens[place];
    return token ? tokenInWords(token, 24) : '–';
  };
  const some = changes.slice(0, PRINTED);
  const lines = [
    `${safeText(model.name)} \u00B7 ${profileName(profile)} \u00B7 ${formatCount(steps + 1)} points`,
    `At its beginning ${name(winners[0] ?? 0)}`,
    ...some.map(({ at, to }) => `from ${formatFixed(at, 4)} on ${name(to)}`),
    ...(changes.length > some.length ? [`and ${formatCount(changes.length - some.length)} changes more`] : []),
  ];
  return `${lines.join('\n')}\n`;
}
