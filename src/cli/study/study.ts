import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { assetsFolder, bundledModel, version } from '../../host/installation.js';
import { openModel } from '../../host/openModel.js';
import { estimateStudy } from '../../host/study/estimateStudy.js';
import { partOfScheduler, WHOLE } from '../../host/study/part.js';
import { modelPlace, resultsFolder } from '../../host/study/places.js';
import { readStudy } from '../../host/study/readStudy.js';
import { StudyResults } from '../../host/study/results.js';
import { runStudy, type RunStudyOptions, type StudyProgress } from '../../host/study/runStudy.js';
import { kubernetesManifest, shell, slurmScripts } from '../../host/study/schedulers.js';
import { writeReport } from '../../host/study/report.js';
import { completeness, partWords, studyStatus } from '../../host/study/status.js';
import { safeText } from '../../map/display.js';
import { Fault } from '../../map/fault.js';
import { formatBytes, formatCount, formatDuration } from '../../map/numbers.js';
import { memberCount } from '../../map/series/series.js';
import { shardCount, type Study } from '../../map/series/study.js';
import { openOptions } from '../openAsked.js';
import { type Output, progressBar, progressLines, silentProgress } from '../progress.js';
import { Stopped } from '../draw.js';
import type { StudyCommand } from './studyArguments.js';

type Of<K extends StudyCommand['kind']> = Extract<StudyCommand, { kind: K }>;

/** Runs, submits, tells of or joins a study. @throws Fault. */
export async function study(command: StudyCommand, out: Output, err: Output, signal: AbortSignal): Promise<void> {
  switch (command.kind) {
    case 'study':
      return command.submit ? submit(command, out) : compute(command, out, err, signal);
    case 'study-status':
      return status(command, out);
    case 'study-join':
      return join(command, out);
  }
}

async function compute(command: Of<'study'>, out: Output, err: Output, signal: AbortSignal): Promise<void> {
  const plan = await readStudy(command.file);
  const part = command.part ?? partOfScheduler(process.env) ?? WHOLE;
  const options: RunStudyOptions = {
    part,
    open: (model) =>
      openModel(
        model === undefined ? bundledModel : modelPlace(command.file, model),
        openOptions(command, err, signal),
      ),
    batchSize: command.batchSize,
    version: version(),
    signal,
  };
  if (command.dryRun) return dryRun(plan, options, out);
  const folder = resultsFolder(command.file, command.outputDir);
  const results = await StudyResults.begin(folder, plan);
  const bar = command.quiet
    ? silentProgress
    : err.isTTY
      ? progressBar(err, { unit: 'members' })
      : progressLines(out, { unit: 'members' });
  let said = 0;
  let last: StudyProgress | undefined;
  const begun = performance.now();
  const end = await runStudy(results, {
    ...options,
    onProgress: (progress) => {
      last = progress;
      bar.update(progress.done, Math.max(1, progress.members), progress.secondsLeft);
      const thousands = Math.floor(progress.done / 1000);
      if (command.quiet || thousands <= said || progress.memory === null) return;
      said = thousands;
      bar.clear();
      err.write(`${formatCount(progress.done)} members, ${formatBytes(progress.memory)} of memory.\n`);
    },
  })
    .catch((thrown: unknown) => {
      if (!signal.aborted) throw thrown;
      const left = last
        ? `${formatCount(last.done)} of ${formatCount(last.members)} members were computed`
        : 'nothing was computed';
      throw new Stopped(`${left}; run it again to go on, from the last whole shard`);
    })
    .finally(() => bar.clear());
  if (command.quiet) return;
  const share = part.of === 1 ? '' : ` of part ${part.index}/${part.of}`;
  out.write(
    `${formatCount(end.members)} members${share} are there${end.failed > 0 ? `, ${formatCount(end.failed)} of them as a fault` : ''} · ${formatDuration((performance.now() - begun) / 1000)}\n${safeText(folder, 1000)}\n`,
  );
}

/** Says what a study would take. Nothing is written. */
async function dryRun(plan: Study, options: RunStudyOptions, out: Output): Promise<void> {
  const { seconds, memory, bytes, files } = await estimateStudy(plan, options);
  out.write(
    [
      `${formatCount(memberCount(plan))} members in ${formatCount(shardCount(plan))} shards of up to ${formatCount(plan.shard)}; ${plan.plane === 'shared' ? 'all on the plane of the base' : 'each on a plane of its own'}.`,
      ...plan.vary.map(({ path: at, values }) => `  ${safeText(at)}: ${formatCount(values.length)} values`),
      `By the first members: ${formatDuration(seconds.member)} each, about ${formatDuration(seconds.all)} in one process.`,
      ...(memory === null ? [] : [`Memory: about ${formatBytes(memory)} a process.`]),
      `Files: at most ${formatBytes(bytes)}, ${formatCount(files)} of them.`,
      '',
    ].join('\n'),
  );
}

async function submit(command: Of<'study'>, out: Output): Promise<void> {
  const { submit: to, file } = command;
  if (!to) return;
  const plan = await readStudy(file); // a mistake is said now, not by a hundred tasks
  const folder = path.resolve(resultsFolder(file, command.outputDir));
  const program = [process.execPath, path.resolve(process.argv[1] ?? 'embedding-grid')];
  const job = {
    name: path.basename(file).replace(/\..*$/, ''),
    parts: Math.min(to.parts, shardCount(plan)),
    folder,
    command: [
      ...program,
      'study',
      path.resolve(file),
      '--output-dir',
      folder,
      '--device',
      command.device,
      '--batch-size',
      `${command.batchSize}`,
      ...(command.cudaLibraries === undefined ? [] : ['--cuda-libraries', path.resolve(command.cudaLibraries)]),
      ...(command.memory === undefined ? [] : ['--memory', `${command.memory}B`]),
      '--quiet',
    ],
    join: [...program, 'study', 'join', folder],
  };
  const { array, join: joining } = slurmScripts(job, to.flags);
  const manifest = `${JSON.stringify(kubernetesManifest(job), null, 2)}\n`;
  if (to.to === 'kubernetes') return void out.write(manifest);
  if (to.to === 'print') return void out.write(`${array}\n${joining}\n${manifest}`);
  await StudyResults.begin(folder, plan);
  await mkdir(path.join(folder, 'logs'), { recursive: true });
  const [arrayFile, joinFile] = ['array.sh', 'join.sh'].map((name) => path.join(folder, name));
  if (arrayFile === undefined || joinFile === undefined) return;
  await Promise.all([writeFile(arrayFile, array), writeFile(joinFile, joining)]);
  const id = sbatch([arrayFile]);
  const then = sbatch([`--dependency=afterany:${id}`, joinFile]);
  out.write(
    `Submitted ${formatCount(job.parts)} tasks as job ${id}, and the join behind them as job ${then}.\nembedding-grid study status ${shell([folder])}\n`,
  );
}

/** Hands a script to Slurm and gives the job's number. @throws Fault `output` with what Slurm says. */
function sbatch(args: readonly string[]): string {
  const { status: code, stdout, stderr, error } = spawnSync('sbatch', ['--parsable', ...args], { encoding: 'utf8' });
  const id = /^(\d+)/.exec(stdout)?.[1];
  if (code === 0 && id !== undefined) return id;
  throw new Fault({
    code: 'output',
    message: error
      ? 'Slurm is not on this machine: there is no sbatch.'
      : `Slurm refused the job: ${safeText(stderr.trim(), 500)}`,
    hint: error
      ? 'Run this on a login node, or see the scripts with --submit print.'
      : 'The scripts lie in the folder of the results.',
  });
}

async function status({ folder, json }: Of<'study-status'>, out: Output): Promise<void> {
  const results = await StudyResults.open(folder);
  const now = await studyStatus(results);
  if (json) return void out.write(`${JSON.stringify(now, null, 2)}\n`);
  out.write(
    [
      `${formatCount(now.done)} of ${formatCount(now.members)} members are there, in ${formatCount(now.wholeShards)} of ${formatCount(now.shards)} shards.`,
      ...now.parts.map((part) => `  ${partWords(part)}`),
      '',
    ].join('\n'),
  );
}

/** Names of members that are missing or failed, at most, as printed. */
const NAMED = 20;

async function join({ folder }: Of<'study-join'>, out: Output): Promise<void> {
  const results = await StudyResults.open(folder);
  const { missing, failed } = await completeness(results);
  const count = missing.reduce((sum, { first, end }) => sum + end - first, 0);
  for (const { member, name, message } of failed.slice(0, NAMED))
    out.write(`Member ${member} (${safeText(name, 200)}) failed: ${safeText(message, 300)}\n`);
  if (failed.length > NAMED) out.write(`… and ${formatCount(failed.length - NAMED)} more failed.\n`);
  if (count > 0) {
    const ranges = missing
      .slice(0, NAMED)
      .map(({ first, end }) => (end - first === 1 ? `${first}` : `${first}–${end - 1}`));
    throw new Fault({
      code: 'output',
      message: `${formatCount(count)} of ${formatCount(memberCount(results.study))} members are missing: ${ranges.join(', ')}${missing.length > NAMED ? ', …' : ''}.`,
      hint: 'Run the study, or its parts that are missing, again: what is there stays. Then join again.',
    });
  }
  const report = await writeReport(results, assetsFolder);
  out.write(
    [
      `All ${formatCount(memberCount(results.study))} members are there${failed.length > 0 ? `, ${formatCount(failed.length)} as a fault` : ''}.`,
      ...report,
      '',
    ].join('\n'),
  );
}
