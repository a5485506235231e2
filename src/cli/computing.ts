import { Fault } from '../map/fault.js';
import { bytesOf } from '../map/numbers.js';
import { DEFAULT_BATCH_SIZE, LIMITS } from '../map/specification.js';
import { type Device, DEVICES } from '../protocol/engine.js';

/** What is chosen for whatever opens a model. */
export interface OpeningChoices {
  readonly device: Device;
  readonly cudaLibraries: string | undefined;
  /** Bytes. */
  readonly memory: number | undefined;
  /** Undefined: a model that has passed them is not checked again. */
  readonly skipChecks?: boolean;
  readonly debug: boolean;
}

/** What is chosen for whatever computes maps. */
export interface ComputingChoices extends OpeningChoices {
  readonly batchSize: number;
}

/** Reads the flags of `OPENING_FLAGS`. @throws Fault `bad-parameter`. */
export const openingChoices = (values: ReadonlyMap<string, string>): OpeningChoices => ({
  device: device(values.get('device')),
  cudaLibraries: values.get('cuda-libraries'),
  memory: memory(values.get('memory')),
  debug: values.has('debug'),
});

/** Reads the flags of `COMPUTING_FLAGS`. @throws Fault `bad-parameter`. */
export const computingChoices = (values: ReadonlyMap<string, string>): ComputingChoices => ({
  ...openingChoices(values),
  batchSize: cellsAtOnce(values.get('batch-size')),
});

function device(text = 'auto'): Device {
  const found = DEVICES.find((one) => one === text);
  if (found) return found;
  throw bad(`--device ${text}: there is no such device.`, `Devices are ${DEVICES.join(', ')}.`);
}

function memory(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bytes = bytesOf(text);
  if (bytes !== undefined) return bytes;
  throw bad(`--memory ${text}: a memory limit is a number with a unit, at least 100MB.`, 'Write it as --memory 8GB.');
}

function cellsAtOnce(text = `${DEFAULT_BATCH_SIZE}`): number {
  const size = /^\d+$/.test(text) ? Number(text) : NaN;
  if (size >= 1 && size <= LIMITS.batch) return size;
  throw bad(`--batch-size ${text}: batch size must be a whole number from 1 to ${LIMITS.batch}.`);
}

/** An argument that is not understood. */
export const bad = (message: string, hint?: string): Fault =>
  new Fault({ code: 'bad-parameter', message, ...(hint === undefined ? {} : { hint }) });
