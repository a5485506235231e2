import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { estimateStudy, type StudyEstimate } from '../../host/study/estimateStudy.js';
import { WHOLE } from '../../host/study/part.js';
import { modelPlace, resultsFolder } from '../../host/study/places.js';
import { parseStudyFile } from '../../host/study/readStudy.js';
import { StudyResults } from '../../host/study/results.js';
import type { MemberModel } from '../../host/series/memberEngine.js';
import { runStudy, type RunStudyOptions } from '../../host/study/runStudy.js';
import type { StudyFiles } from '../../host/study/studyFiles.js';
import { partWords, studyStatus } from '../../host/study/status.js';
import { Fault, type FaultData } from '../../map/fault.js';
import { memberCount } from '../../map/series/series.js';
import { type Study, studyData } from '../../map/series/study.js';
import type { StudyCost, StudyRun, StudyState } from '../../protocol/studyPage.js';
import { Listeners } from '../listeners.js';
import { planOf } from './plan.js';

/** What a study in VS Code asks of the extension. */
export interface StudyDependencies {
  /** Opens a model by its place; undefined: the bundled one. @throws Fault. */
  open(model: string | undefined, signal: AbortSignal): Promise<MemberModel>;
  readonly files: Pick<StudyFiles, 'tables' | 'join'>;
  /** @throws Fault where nothing may be written into a folder. */
  requireReach(folder: string): Promise<void>;
  /** A folder as people read it. */
  shownFolder(folder: string): string;
  readonly batchSize: number;
  readonly version: string;
  log(level: 'info' | 'error', line: string): void;
}

const MOST_PICTURE_BYTES = 2 ** 25;

/** A study file in VS Code: what it says, what is there of it, and its run. Editors and the tree show the same one. */
export class OpenStudy {
  private readonly changes = new Listeners();
  readonly onDidChange = this.changes.signal;
  readonly folder: string;
  private study: Study | undefined;
  private mistake: FaultData | null = null;
  private fault: FaultData | null = null;
  private cost: StudyCost = { status: 'unknown' };
  private run: StudyRun = { status: 'idle' };
  private there: number | null = null;
  private failed: number | null = null;
  /** The results are of the study before it was changed. */
  private changed = false;
  private parts: readonly string[] = [];
  private abort: AbortController | undefined;
  private ending: Promise<unknown> = Promise.resolve();
  /** Counts texts: what an older one says is left. */
  private turn = 0;

  constructor(
    private readonly file: string,
    private readonly deps: StudyDependencies,
  ) {
    this.folder = resultsFolder(file);
  }

  get state(): StudyState {
    return {
      name: path.basename(this.file),
      plan: this.study ? planOf(this.study) : null,
      fault: this.fault ?? this.mistake,
      cost: this.cost,
      run: this.run,
      there: this.there,
      failed: this.failed,
      changed: this.changed,
      folder: this.deps.shownFolder(this.folder),
      parts: this.parts,
    };
  }

  get running(): boolean {
    return this.abort !== undefined;
  }

  /** Takes what stands in the file, or in its editor. */
  async read(text: string): Promise<void> {
    const turn = ++this.turn;
    const before = this.study;
    const read = await parseStudyFile(this.file, text).catch((thrown: unknown) => Fault.from(thrown));
    if (turn !== this.turn) return;
    this.study = read instanceof Fault ? undefined : read;
    this.mistake = read instanceof Fault ? read.toData() : null;
    if (!isSame(this.study, before) && !this.running) {
      this.cost = { status: 'unknown' };
      this.fault = null;
    }
    await this.look();
  }

  /** Looks at what is there of it. */
  async look(): Promise<void> {
    const results = await StudyResults.open(this.folder).catch(() => undefined);
    this.changed = results !== undefined && this.study !== undefined && !isSame(results.study, this.study);
    const status = results && !this.changed ? await studyStatus(results) : undefined;
    this.there = status?.done ?? null;
    // A run of our own says more of itself.
    this.parts = this.running ? [] : (status?.parts ?? []).filter(({ state }) => state !== 'finished').map(partWords);
    this.changes.fire();
  }

  /** Computes what is not there yet, and the report when all is. Ends when that has ended; a fault is shown. */
  async start(): Promise<void> {
    await this.work(async (study, options) => {
      await this.deps.requireReach(this.folder);
      const results = await StudyResults.begin(this.folder, study);
      this.run = running(0, memberCount(study));
      this.changes.fire();
      const end = await runStudy(results, {
        ...options,
        part: WHOLE,
        onProgress: ({ done, members, failed, secondsLeft, memory }) => {
          this.run = { ...running(done, members), failed, secondsLeft, memory, stopping: options.signal.aborted };
          this.changes.fire();
        },
      });
      this.deps.log('info', `${end.members} members of ${this.file} are there.`);
      const { failed } = await this.deps.files.join(this.folder);
      this.failed = failed.length;
      const [first] = failed;
      if (first)
        this.deps.log(
          'error',
          failed.map(({ member, name, message }) => `Member ${member} (${name}) failed: ${message}`).join('\n'),
        );
    });
  }

  /** Computes the first members, to see what all would take. */
  async measure(): Promise<void> {
    await this.work(async (study, options) => {
      this.cost = { status: 'running' };
      this.changes.fire();
      try {
        this.cost = known(await estimateStudy(study, options));
      } finally {
        if (this.cost.status === 'running') this.cost = { status: 'unknown' };
      }
    });
  }

  /** Ends a run, or a measurement, at the next batch. What is whole stays. */
  cancel(): void {
    if (this.run.status === 'running') this.run = { ...this.run, stopping: true };
    this.abort?.abort();
    this.changes.fire();
  }

  /** Ends what runs, and waits for it. */
  async dispose(): Promise<void> {
    this.abort?.abort();
    await this.ending;
  }

  /** The picture of the report: PNG, which has its fonts in it, as base64; empty: there is none. */
  async picture(): Promise<string> {
    const file = path.join(this.folder, 'report.png');
    const there = await stat(file).catch(() => undefined);
    return there?.isFile() && there.size <= MOST_PICTURE_BYTES ? readFile(file, 'base64').catch(() => '') : '';
  }

  /** Does one thing at a time with the study as it was read. */
  private async work(act: (study: Study, options: Omit<RunStudyOptions, 'part'>) => Promise<void>): Promise<void> {
    const { study, deps } = this;
    if (this.abort || !study) return;
    const abort = new AbortController();
    this.abort = abort;
    this.fault = null;
    const working = act(study, {
      open: (model) => deps.open(model === undefined ? undefined : modelPlace(this.file, model), abort.signal),
      batchSize: deps.batchSize,
      tables: deps.files.tables,
      shared: true,
      version: deps.version,
      signal: abort.signal,
    }).catch((thrown: unknown) => {
      const fault = Fault.from(thrown);
      if (fault.code === 'cancelled') return;
      this.fault = fault.toData();
      deps.log('error', [fault.message, fault.hint, fault.detail].filter((line) => line !== undefined).join('\n'));
    });
    this.ending = working;
    await working;
    this.abort = undefined;
    this.run = { status: 'idle' };
    await this.look();
  }
}

const isSame = (a: Study | undefined, b: Study | undefined): boolean =>
  JSON.stringify(a && studyData(a)) === JSON.stringify(b && studyData(b));

const running = (done: number, members: number): Extract<StudyRun, { status: 'running' }> => ({
  status: 'running',
  done,
  members,
  failed: 0,
  secondsLeft: null,
  memory: null,
  stopping: false,
});

const known = ({ seconds, memory, bytes, files }: StudyEstimate): StudyCost => ({
  status: 'known',
  secondsEach: seconds.member,
  seconds: seconds.all,
  memory,
  bytes,
  files,
});
