import type { ModelDescription, OpenEvent, OpenParams } from '../protocol/engine.js';
import { allowModel, whileTrying } from './allowance.js';
import { isProven, reasonToSkip, runChecks } from './checks.js';
import { describe } from './describe.js';
import { chooseDevice } from './device.js';
import { Grounds } from './grounds.js';
import { memoryBudget } from './memory.js';
import { Model } from './model/model.js';
import { Speeds } from './speeds.js';

/** A model that was opened, checked and described. */
export interface Opened {
  readonly model: Model;
  readonly grounds: Grounds;
  readonly speeds: Speeds;
  readonly description: ModelDescription;
}

/** @throws Fault as {@link Model.open}, {@link chooseDevice} and {@link runChecks}. */
export async function open(
  { path, device, skipChecks, memory }: OpenParams,
  emit: (event: OpenEvent) => void = () => undefined,
): Promise<Opened> {
  const started = performance.now();
  const report = await chooseDevice(device);
  const model = Model.open(path, report.used, memoryBudget(memory), emit);
  allowModel(model.facts.weightsBytes, report.used);
  const grounds = Grounds.of(model);
  const skipped = reasonToSkip(model, report.used, skipChecks);
  if (skipped !== undefined && isProven(model, report.used)) await model.masks(true);
  const outcome =
    skipped === undefined
      ? await whileTrying(model.facts.weightsBytes, () => runChecks(grounds.plain.variant))
      : undefined;
  if (outcome) model.manner = outcome.manner;
  const ran = outcome?.checks ?? [{ name: 'run', outcome: 'skipped' as const, detail: skipped ?? '' }];
  const checks = [...model.source.checks, ...ran];
  return {
    model,
    grounds,
    speeds: new Speeds(),
    description: describe(model, report, checks, performance.now() - started),
  };
}
