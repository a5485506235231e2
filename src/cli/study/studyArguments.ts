import { OWN_SBATCH_FLAGS } from '../../host/study/schedulers.js';
import { type Part, parsePart } from '../../host/study/part.js';
import { COMMAND_FLAGS } from '../commandFlags.js';
import { bad, computingChoices, type ComputingChoices } from '../computing.js';
import { parseFlags } from '../parseFlags.js';

/** Where and how a study is run on a cluster. */
export interface Submission {
  readonly to: 'slurm' | 'kubernetes' | 'print';
  readonly parts: number;
  /** Flags of `sbatch`, as they were typed. */
  readonly flags: readonly string[];
}

export type StudyCommand =
  | { readonly kind: 'study-status'; readonly folder: string; readonly json: boolean; readonly debug: boolean }
  | { readonly kind: 'study-join'; readonly folder: string; readonly debug: boolean }
  | ({
      readonly kind: 'study';
      readonly file: string;
      /** Undefined: named after the file. */
      readonly outputDir: string | undefined;
      /** Undefined: what a scheduler's variables say, else the whole. */
      readonly part: Part | undefined;
      readonly dryRun: boolean;
      readonly submit: Submission | undefined;
      readonly quiet: boolean;
    } & ComputingChoices);

const DEFAULT_PARTS = 8;
const MOST_PARTS = 100_000;

/** Reads what follows `study`. @throws Fault `bad-parameter`. */
export function parseStudyCommand(args: readonly string[]): StudyCommand | { readonly kind: 'help' } {
  const { values, positionals, others } = parseFlags(args, COMMAND_FLAGS.study, 'collected'); // others are sbatch's
  if (values.has('help')) return { kind: 'help' };
  const [first, second] = positionals;
  const debug = values.has('debug');
  if (first === 'status' || first === 'join') {
    if (second === undefined || positionals.length > 2)
      throw bad(`study ${first} takes the folder of a study's results.`, `Write embedding-grid study ${first} DIR.`);
    if (others[0] !== undefined) throw bad(`There is no flag ${others[0]}.`);
    return first === 'status'
      ? { kind: 'study-status', folder: second, json: values.has('json'), debug }
      : { kind: 'study-join', folder: second, debug };
  }
  if (first === undefined || second !== undefined)
    throw bad('study takes one study file.', 'Write embedding-grid study NAME.embedding-study.json.');
  const submit = submission(values, others);
  if (!submit && others[0] !== undefined)
    throw bad(`There is no flag ${others[0]}.`, 'Flags of sbatch go with --submit slurm.');
  const part = values.get('part');
  return {
    kind: 'study',
    file: first,
    outputDir: values.get('output-dir'),
    part: part === undefined ? undefined : parsePart(part),
    dryRun: values.has('dry-run'),
    submit,
    quiet: values.has('quiet'),
    ...computingChoices(values),
  };
}

function submission(values: ReadonlyMap<string, string>, flags: readonly string[]): Submission | undefined {
  const to = values.get('submit');
  const array = values.get('array');
  if (to === undefined) {
    if (array !== undefined) throw bad('--array goes with --submit.', 'To compute one part here, give --part I/N.');
    return undefined;
  }
  if (to !== 'slurm' && to !== 'kubernetes' && to !== 'print')
    throw bad(`--submit ${to}: there is no such place.`, 'Places are slurm, kubernetes and print.');
  const parts = array === undefined ? DEFAULT_PARTS : /^\d{1,6}$/.test(array) ? Number(array) : NaN;
  if (!(parts >= 1 && parts <= MOST_PARTS))
    throw bad(`--array ${array}: parts are a whole number from 1 to ${MOST_PARTS}.`);
  const ours = flags.find((flag) =>
    OWN_SBATCH_FLAGS.some((name) => flag === `--${name}` || flag.startsWith(`--${name}=`)),
  );
  if (ours !== undefined) throw bad(`${ours}: this flag of sbatch is set by embedding-grid.`);
  return { to, parts, flags };
}
