/** A sweep over all layers beside the same maps one by one, each in an engine of its own. */
import { cancelled } from '../../src/protocol/channel.js';
import { openModel } from '../../src/host/openModel.js';
import { MemberEngine, type ModelSeries } from '../../src/host/series/memberEngine.js';
import { members, runOrder } from '../../src/map/series/series.js';
import type { Layer } from '../../src/map/specification.js';
import { square } from './maps.js';
import { processorSeconds, three } from './machine.js';

const SIDE = 50;

interface Run {
  /** Wall clock, and what the engines took of processors, in seconds. */
  readonly seconds: number;
  readonly cpu: number;
  /** Until the first cells of the first layer. */
  readonly first: number;
}

/** @param model a folder or file */
export async function benchSweep(model: string): Promise<void> {
  const { engine, description } = await openModel(model, { device: 'cpu', skipChecks: true });
  await engine.dispose();
  const layers: Layer[] = Array.from({ length: description.facts.blocks }, (_, layer) => layer);
  console.log(
    `\nA sweep over ${layers.length} layers of ${description.reference.name}, ${SIDE} × ${SIDE}, beside its maps alone`,
  );
  const alone: Run[] = [];
  for (const layer of layers) alone.push(await sweep(model, [layer]));
  const whole = await sweep(model, layers);
  const sum = (of: (run: Run) => number): number => three(alone.reduce((total, run) => total + of(run), 0));
  console.table([
    { what: 'maps alone, together', seconds: sum(({ seconds }) => seconds), 'CPU seconds': sum(({ cpu }) => cpu) },
    { what: 'sweep', seconds: three(whole.seconds), 'CPU seconds': three(whole.cpu) },
  ]);
  console.table([
    { what: 'first cells of the first layer, alone', seconds: three(alone[0]?.first ?? NaN) },
    { what: 'the same in the sweep', seconds: three(whole.first) },
  ]);
}

async function sweep(model: string, layers: readonly Layer[]): Promise<Run> {
  const series: ModelSeries = {
    base: square(SIDE),
    vary: [{ path: 'layer', values: layers }],
    plane: 'own',
    model,
  };
  const started = performance.now();
  let first = NaN;
  let pid: number | undefined;
  const engine = new MemberEngine(series, {
    open: async (name) => {
      const opened = await openModel(name ?? model, { device: 'cpu', skipChecks: true });
      pid = opened.engine.pid;
      return opened;
    },
    signal: new AbortController().signal,
  });
  try {
    for (const member of runOrder([...members(series)])) {
      const outcome = await engine.compute(member, ({ kind }) => {
        if (kind === 'cells' && Number.isNaN(first)) first = performance.now() - started;
      });
      if ('fault' in outcome) throw cancelled();
    }
    return { seconds: (performance.now() - started) / 1000, cpu: processorSeconds(pid), first: first / 1000 };
  } finally {
    await engine.close();
  }
}
