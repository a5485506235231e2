import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';

/** A Slurm of one machine, with all its files in a folder of its own. */
export interface Slurm {
  /** Runs one of Slurm's commands and gives what it prints. */
  run(command: string, ...args: readonly string[]): string;
  /** `SLURM_CONF` of this Slurm, for processes that call its commands. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until something is so. @throws where it is not within the time. */
export async function until(what: string, is: () => boolean, ms = 60_000): Promise<void> {
  const end = performance.now() + ms;
  while (!is()) {
    if (performance.now() > end) throw new Error(`not within ${ms / 1000} s: ${what}`);
    await pause(200);
  }
}

const has = (command: string): boolean => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;

/** Why no Slurm can be had here; undefined where one can. Installs Debian's packages where they are not there. */
export function cannotHaveSlurm(): string | undefined {
  if (process.platform !== 'linux') return 'Slurm is for Linux';
  if (process.getuid?.() !== 0) return 'its daemons are started by root';
  if (has('slurmctld') && has('munged')) return undefined;
  if (!has('apt-get')) return 'there is no Slurm, and no apt-get to install it with';
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'slurm-wlm', 'munge']]) {
    const { status, stderr } = spawnSync('apt-get', ['-qq', ...args], { env, encoding: 'utf8' });
    if (status !== 0)
      return `Debian's packages slurm-wlm and munge cannot be installed: ${stderr.trim().slice(0, 300)}`;
  }
  return undefined;
}

/** Starts munge, a controller and one node of `processors` processors. */
export async function startSlurm(folder: string, processors: number): Promise<Slurm> {
  const here = (name: string): string => path.join(folder, name);
  for (const name of ['state', 'spool']) mkdirSync(here(name), { recursive: true });
  const name = hostname();
  const [controller, daemon] = [17_817, 17_818];
  writeFileSync(
    here('slurm.conf'),
    `ClusterName=test
SlurmctldHost=${name}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation=${here('state')}
SlurmdSpoolDir=${here('spool')}
SlurmctldPidFile=${here('slurmctld.pid')}
SlurmdPidFile=${here('slurmd.pid')}
SlurmctldLogFile=${here('slurmctld.log')}
SlurmdLogFile=${here('slurmd.log')}
SlurmctldPort=${controller}
SlurmdPort=${daemon}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
SchedulerParameters=sched_interval=1,batch_sched_delay=0
NodeName=${name} NodeAddr=127.0.0.1 CPUs=${processors} RealMemory=2000 State=UNKNOWN
PartitionName=main Nodes=${name} Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
`,
  );
  const env = { SLURM_CONF: here('slurm.conf') };
  const run = (command: string, ...args: readonly string[]): string =>
    execFileSync(command, args, { env: { ...process.env, ...env }, encoding: 'utf8' });
  const munge = '/run/munge';
  mkdirSync(munge, { recursive: true });
  execFileSync('chown', ['munge', munge]);
  const ownMunge = spawnSync('sh', ['-c', 'munge -n | unmunge']).status !== 0;
  if (ownMunge) execFileSync('runuser', ['-u', 'munge', '--', 'munged']);
  await until('munge answers', () => spawnSync('sh', ['-c', 'munge -n | unmunge']).status === 0);
  run('slurmctld');
  run('slurmd');
  await until('the node is idle', () => {
    const { stdout } = spawnSync('sinfo', ['-h', '-o', '%T'], { env: { ...process.env, ...env }, encoding: 'utf8' });
    return /idle|mixed/.test(stdout);
  });
  return {
    run,
    env,
    stop: async () => {
      const munged = ownMunge ? [path.join(munge, 'munged.pid')] : [];
      for (const file of [...['slurmd.pid', 'slurmctld.pid'].map(here), ...munged]) {
        if (!existsSync(file)) continue;
        process.kill(Number(readFileSync(file, 'utf8')));
        await until('a daemon has ended', () => !existsSync(file)); // it takes its file with it
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
