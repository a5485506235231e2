import { PARTS_VARIABLE } from './part.js';

/** A study as a job on a cluster: what its tasks run, how many they are. */
export interface ClusterJob {
  readonly name: string;
  /** The command and its arguments, `--part` left out: the scheduler's variables say it. */
  readonly command: readonly string[];
  /** What is run when all tasks have ended, however they ended. */
  readonly join: readonly string[];
  readonly parts: number;
  readonly folder: string;
}

/** Flags of `sbatch` that are ours to set. */
export const OWN_SBATCH_FLAGS = ['array', 'dependency', 'job-name', 'output', 'parsable', 'wrap'] as const;

/**
 * Two scripts for Slurm: an array, and what comes behind it. The join runs `afterany`, also where tasks have failed: it says what is
 * missing. A task that is preempted gets SIGTERM, ends, and goes on where it was when it is queued again.
 * @param flags of `sbatch`, as they were typed: `--time=1:00:00`
 */
export function slurmScripts(
  job: ClusterJob,
  flags: readonly string[],
): { readonly array: string; readonly join: string } {
  const directives = (lines: readonly string[]): string => lines.map((line) => `#SBATCH ${line}\n`).join('');
  const log = `--output="${job.folder}/logs/%x-%A_%a.log"`;
  return {
    array: `#!/bin/bash
${directives([`--job-name=${job.name}`, `--array=0-${job.parts - 1}`, '--requeue', '--signal=TERM@60', log, ...flags])}
export ${PARTS_VARIABLE}=${job.parts}
exec srun --ntasks=1 ${shell(job.command)}
`,
    join: `#!/bin/bash
${directives([`--job-name=${job.name}-join`, `--output="${job.folder}/logs/%x-%j.log"`])}
exec ${shell(job.join)}
`,
  };
}

/**
 * An indexed Job for Kubernetes. Pods that are evicted are started again and go on; what image has Embedding Grid, and where the
 * folder of the results is mounted, only the cluster's people know: both are marked.
 */
export function kubernetesManifest(job: ClusterJob): object {
  const name =
    job.name
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 50) || 'study';
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: {
      completionMode: 'Indexed',
      completions: job.parts,
      parallelism: job.parts,
      backoffLimit: 6 * job.parts,
      template: {
        spec: {
          restartPolicy: 'OnFailure',
          terminationGracePeriodSeconds: 60,
          containers: [
            {
              name: 'study',
              image: 'IMAGE-WITH-EMBEDDING-GRID',
              command: [...job.command],
              env: [{ name: PARTS_VARIABLE, value: `${job.parts}` }],
              volumeMounts: [{ name: 'results', mountPath: job.folder }],
            },
          ],
          volumes: [{ name: 'results', persistentVolumeClaim: { claimName: 'CLAIM-OF-THE-RESULTS' } }],
        },
      },
    },
  };
}

/** A command for a POSIX shell: every argument is one word, whatever it holds. */
export const shell = (command: readonly string[]): string =>
  command.map((word) => (/^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
