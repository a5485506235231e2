import * as v from 'valibot';
import { STUDY_ACTIONS, type StudyHostMessage } from '../../protocol/studyPage.js';
import type { Disposable } from '../dependencies.js';
import type { OpenStudy } from './openStudy.js';

type Action = (typeof STUDY_ACTIONS)[number];

/** What the editor of a study does for its page that the study itself does not. */
export interface StudyPageDependencies {
  /** Saves the file, so that what runs is what stands in it, and reads it. */
  save(): Promise<void>;
  openText(): void;
  showMembers(): void;
  showResults(): void;
  showLog(): void;
  log(level: 'warn' | 'error', line: string): void;
}

const pageMessage = v.object({ type: v.picklist(STUDY_ACTIONS) });

/** The host of a page that shows a study. */
export class StudyPageController {
  private readonly following: Disposable;
  private post: ((message: StudyHostMessage) => void) | undefined;
  /** What the report was read for: it is read again when there is more. */
  private pictured: string | undefined;

  constructor(
    private readonly study: OpenStudy,
    private readonly deps: StudyPageDependencies,
  ) {
    this.following = study.onDidChange(() => this.send());
  }

  connect(post: (message: StudyHostMessage) => void): void {
    this.post = post;
  }

  /** A message of the page, as it came. One that makes no sense is logged and left. */
  receive(data: unknown): void {
    const read = v.safeParse(pageMessage, data);
    if (!read.success) return this.deps.log('warn', 'A study’s page sent a message that is not understood.');
    const { type } = read.output;
    this.acts[type]().catch((thrown: unknown) => this.deps.log('error', String(thrown)));
  }

  private readonly acts: Readonly<Record<Action, () => Promise<void>>> = {
    ready: async () => {
      this.pictured = undefined;
      await this.study.look();
    },
    run: async () => {
      await this.deps.save();
      await this.study.start();
    },
    measure: async () => {
      await this.deps.save();
      await this.study.measure();
    },
    cancel: () => Promise.resolve(this.study.cancel()),
    openText: () => Promise.resolve(this.deps.openText()),
    showMembers: () => Promise.resolve(this.deps.showMembers()),
    showResults: () => Promise.resolve(this.deps.showResults()),
    showLog: () => Promise.resolve(this.deps.showLog()),
  };

  dispose(): void {
    this.following.dispose();
    this.post = undefined;
  }

  private send(): void {
    const { state } = this.study;
    this.post?.({ type: 'state', state });
    const of = state.run.status === 'running' ? this.pictured : `${state.there}`;
    if (of === undefined || of === this.pictured) return;
    this.pictured = of;
    void this.study.picture().then((png) => this.post?.({ type: 'report', png }));
  }
}
