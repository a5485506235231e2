/**
 * Milliseconds for the nearest boundaries of a real state, exact in all dimensions, as the command line and the panel ask for them: the
 * first question reads the head, those after it are of other prompts, whose states are there. BENCH_TRANSLATOR names a tuned lens of the model: through it too.
 */
import { openModel } from '../../src/host/openModel.js';
import { DEFAULT_QUESTION } from '../../src/map/boundaries/directions.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import { processorSeconds } from './machine.js';

const PROMPTS = [
  'The capital of France is',
  'They went to the king of',
  'She was the daughter of Sir',
  'The largest city of Japan is',
  'We saw the great sperm',
  'def add(a, b): return a +',
  'In the beginning God created the heaven and the',
  'The old man walked to the',
  'Water boils at one hundred',
  'My favourite colour is',
] as const;

/** @param translator a tuned lens of the model */
export async function benchNearest(model: string, translator: string | undefined): Promise<void> {
  const { engine, description } = await openModel(model, { device: 'cpu' });
  const { vocabularySize, hiddenSize, blocks } = description.facts;
  console.log(
    `\nThe five nearest boundaries of a state: ${description.reference.name}, ${vocabularySize} tokens, ${hiddenSize} dimensions`,
  );
  const middle = Math.floor((2 * blocks) / 3);
  const cases: readonly (readonly [name: string, Pick<MapParameters, 'layer' | 'readout' | 'translator'>])[] = [
    ['last layer', { layer: 'last', readout: 'forward', translator: null }],
    [`logit lens, layer ${middle}`, { layer: middle, readout: 'lens', translator: null }],
    ...(translator === undefined
      ? []
      : [
          [
            `tuned lens, layer ${middle}`,
            { layer: middle, readout: 'tuned', translator: { path: translator } },
          ] as const,
        ]),
  ];
  try {
    const table = [];
    for (const [name, asked] of cases) {
      const took: number[] = [];
      let [cpu, before] = [0, 0];
      for (const text of PROMPTS) {
        const plane = { ...DEFAULT_PARAMETERS.plane, center: { kind: 'prompt', text } as const };
        const parameters = { ...DEFAULT_PARAMETERS, ...asked, plane };
        await engine.call('point', { parameters, x: 0, y: 0 }); // the state itself is there
        const started = performance.now();
        before = processorSeconds(engine.pid);
        await engine.call('boundaries', { ...DEFAULT_QUESTION, parameters, batchSize: 100 });
        took.push(performance.now() - started);
        if (took.length > 1) cpu += processorSeconds(engine.pid) - before;
      }
      const [first = NaN, ...others] = took.map(Math.round);
      others.sort((a, b) => a - b);
      table.push({
        case: name,
        'first, ms': first,
        'then: median, ms': others[Math.floor(others.length / 2)],
        'longest, ms': others.at(-1),
        'CPU, mean ms': Math.round((1000 * cpu) / others.length),
      });
    }
    console.table(table);
  } finally {
    await engine.dispose();
  }
}
