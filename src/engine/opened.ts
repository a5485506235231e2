import type { ModelDescription, OpenParams } from '../protocol/engine.js';
import { allowModel } from './allowance.js';
import { CellSources } from './cellSources.js';
import { isProven, reasonToSkip, runChecks } from './checks.js';
import { describe } from './describe.js';
import { chooseDevice } from './device.js';
import { HiddenSpace } from './hiddenSpace.js';
import { memoryBudget } from './memory.js';
import { Model } from './model/model.js';
import { Variant } from './model/variant.js';
import { Speeds } from './speeds.js';

/** A variant of a model, the hidden space that it has, and the ways to its cells. */
export interface Ground {
  readonly variant: Variant;
  readonly space: HiddenSpace;
  readonly sources: CellSources;
}

/** A model that was opened, checked and described. */
export interface Opened extends Ground {
  readonly model: Model;
  readonly speeds: Speeds;
  readonly description: ModelDescription;
}

/** @throws Fault as {@link Model.open}, {@link chooseDevice} and {@link runChecks}. */
export async function open({ path, device, skipChecks, memory }: OpenParams): Promise<Opened> {
  const started = performance.now();
  const report = await chooseDevice(device);
  const model = Model.open(path, report.used, memoryBudget(memory));
  allowModel(model.facts.weightsBytes, report.used);
  const variant = Variant.of(model);
  const skipped = reasonToSkip(model, report.used, skipChecks);
  if (skipped !== undefined && isProven(model, report.used)) await model.masks(true);
  const outcome = skipped === undefined ? await runChecks(variant) : undefined;
  if (outcome) model.manner = outcome.manner;
  const ran = outcome?.checks ?? [{ name: 'run', outcome: 'skipped' as const, detail: skipped ?? '' }];
  const checks = [...model.source.checks, ...ran];
  return {
    model,
    variant,
    space: new HiddenSpace(variant),
    sources: new CellSources(),
    speeds: new Speeds(),
    description: describe(model, report, checks, performance.now() - started),
  };
}
