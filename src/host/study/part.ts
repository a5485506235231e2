import { Fault } from '../../map/fault.js';

/** One of several processes that share a study: it computes every `of`-th shard, from number `index` on. */
export interface Part {
  /** From 0. */
  readonly index: number;
  readonly of: number;
}

export const WHOLE: Part = { index: 0, of: 1 };
const MOST_PARTS = 100_000;

/** Says how many parts there are, where the scheduler only says which one this is. */
export const PARTS_VARIABLE = 'EMBEDDING_GRID_PARTS';

/** Reads `i/n`, i from 0 to n - 1. @throws Fault `bad-parameter`. */
export function parsePart(text: string): Part {
  const [, index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  return checked(Number(index), Number(of), `--part ${text}`);
}

/** How schedulers tell a task of an array which one it is: its number, the first number, how many there are. */
const SCHEDULERS: readonly {
  readonly index: string;
  readonly first: string | number;
  readonly count?: string;
  readonly last?: string;
}[] = [
  { index: 'SLURM_ARRAY_TASK_ID', first: 'SLURM_ARRAY_TASK_MIN', count: 'SLURM_ARRAY_TASK_COUNT' },
  { index: 'JOB_COMPLETION_INDEX', first: 0 }, // Kubernetes, indexed Job
  { index: 'AWS_BATCH_JOB_ARRAY_INDEX', first: 0, count: 'AWS_BATCH_JOB_ARRAY_SIZE' },
  { index: 'PBS_ARRAY_INDEX', first: 0 },
  { index: 'LSB_JOBINDEX', first: 1, last: 'LSB_JOBINDEX_END' },
  { index: 'SGE_TASK_ID', first: 'SGE_TASK_FIRST', last: 'SGE_TASK_LAST' },
  { index: 'PARALLEL_SEQ', first: 1 },
];

/**
 * The part that a scheduler's variables name; undefined outside of an array. Where {@link PARTS_VARIABLE} is set, numbers count from 0
 * (LSF, SGE and GNU parallel from 1) whichever of them were sent this time: a single task that is sent again has its number alone.
 * @throws Fault `bad-parameter` where a scheduler's number makes no part.
 */
export function partOfScheduler(variables: NodeJS.ProcessEnv): Part | undefined {
  const number = (name: string | undefined): number | undefined => {
    const text = name === undefined ? undefined : variables[name];
    return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  };
  for (const { index, first, count, last } of SCHEDULERS) {
    const task = number(index);
    if (task === undefined) continue;
    const told = number(PARTS_VARIABLE);
    if (told !== undefined) return checked(task - (first === 1 || first === 'SGE_TASK_FIRST' ? 1 : 0), told, index);
    const from = typeof first === 'number' ? first : (number(first) ?? 0);
    const to = number(last);
    const of = number(count) ?? (to === undefined ? undefined : to - from + 1);
    if (of === undefined)
      throw new Fault({
        code: 'bad-parameter',
        message: `${index} says which task this is, but not of how many.`,
        hint: `Set ${PARTS_VARIABLE}, or give --part ${task}/N.`,
      });
    return checked(task - from, of, index);
  }
  return undefined;
}

function checked(index: number, of: number, where: string): Part {
  if (Number.isInteger(index) && index >= 0 && index < of && of <= MOST_PARTS) return { index, of };
  throw new Fault({
    code: 'bad-parameter',
    message: `${where}: this is no part.`,
    hint: `A part is i/n, i from 0 to n - 1, of at most ${MOST_PARTS}.`,
  });
}
