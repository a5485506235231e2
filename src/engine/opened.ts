import type { Check, DeviceReport, ModelDescription, OpenEvent, OpenParams } from '../protocol/engine.js';
import { allowModel } from './allowance.js';
import { isProven, reasonToSkip } from './checks.js';
import { describe } from './describe.js';
import { chooseDevice } from './device.js';
import { Grounds } from './grounds.js';
import { memoryBudget } from './memory.js';
import { Model } from './model/model.js';
import type { CellPlan } from './model/plan.js';
import { type Depth, Proof } from './proof.js';
import { Speeds } from './speeds.js';

/** A model that was opened, checked and described. */
export interface Opened {
  readonly model: Model;
  readonly grounds: Grounds;
  readonly speeds: Speeds;
  readonly description: ModelDescription;
  readonly proof: Proof;
}

/** @throws Fault as {@link Model.open}, {@link chooseDevice} and {@link Proof.prove}. */
export async function open(
  { path, device, skipChecks, memory, checksBehind = false }: OpenParams,
  emit: (event: OpenEvent) => void = () => undefined,
): Promise<Opened> {
  const started = performance.now();
  const report = await chooseDevice(device);
  const model = Model.open(path, report.used, memoryBudget(memory), emit);
  allowModel(model.facts.weightsBytes, report.used);
  const known = isProven(model, report.used);
  const skipped = reasonToSkip(model, report.used, skipChecks);
  const later = checksBehind && skipChecks === undefined && !known;
  if (known && skipped !== undefined) await model.masks(true);
  else if (later) await model.assumeMasks();
  const grounds = Grounds.of(model);
  const proof = new Proof(model, !later && (skipChecks === true || known || skipped === undefined));
  const ran: Check[] =
    skipped === undefined && !later
      ? [...(await proof.prove('whole', grounds.plain.variant, undefined, () => Promise.resolve())).checks]
      : [{ name: 'run', outcome: 'skipped', detail: skipped ?? 'the checks run behind the first cells of a map' }];
  const checks = [...model.source.checks, ...ran];
  const description = describe(model, report, checks, performance.now() - started);
  return { model, grounds, speeds: new Speeds(), description, proof };
}

/**
 * Runs checks that were put off.
 * @returns the model as they left it, and whether what was computed of it holds: what is known of it is forgotten where not
 * @throws Fault as {@link Proof.prove}
 */
export async function prove(
  opened: Opened,
  depth: Depth,
  plan: CellPlan | undefined,
  pause: () => Promise<void>,
): Promise<{ readonly opened: Opened; readonly held: boolean }> {
  const { model, proof, grounds, description } = opened;
  const { checks, held } = await proof.prove(depth, grounds.plain.variant, plan, pause);
  if (!held) await grounds.release();
  const told = checks.length > 0 ? [...model.source.checks, ...checks] : description.checks;
  const device: DeviceReport = description.device;
  return {
    held,
    opened: {
      ...opened,
      ...(held ? {} : { grounds: Grounds.of(model), speeds: new Speeds() }),
      description: describe(model, device, told, description.openedMilliseconds),
    },
  };
}
