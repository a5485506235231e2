import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { Zip, ZipPassThrough } from 'fflate';
import { isGone, newOwner, OWNER } from '../formats/owner.js';
import { Fault } from '../map/fault.js';
import { safetensorsStart, stateDict, tunedConfig, type TunedFacts, tensorsOf } from '../translators/tunedFormat.js';

/** More does not fit an archive without 64-bit sizes. */
const MOST_ARCHIVE = 2 ** 32 - 2 ** 24;

/**
 * Writes a tuned lens into a folder of its own, layer by layer: `config.json` and `params.pt`, as its own package has them, and
 * `tuned.safetensors`. The folder has its name once it is whole.
 */
export class TranslatorWriter {
  private readonly unfinished: string;
  private readonly safetensors: number;
  private readonly archive: Archive | undefined;
  private written = 0;

  /** @throws Fault `output` where the folder is there, or cannot be made. */
  constructor(
    private readonly folder: string,
    private readonly facts: TunedFacts,
  ) {
    checkFree(folder);
    const above = path.dirname(folder);
    const begun = new RegExp(`^\\.embedding_grid_translator\\.(${OWNER})\\.part$`);
    this.unfinished = path.join(above, `.embedding_grid_translator.${newOwner()}.part`);
    try {
      mkdirSync(above, { recursive: true });
      for (const name of readdirSync(above)) {
        const owner = begun.exec(name)?.[1];
        if (owner !== undefined && isGone(owner) === true) rmSync(path.join(above, name), { recursive: true });
      }
      mkdirSync(this.unfinished);
      writeFileSync(path.join(this.unfinished, 'config.json'), tunedConfig(facts));
      this.safetensors = openSync(path.join(this.unfinished, 'tuned.safetensors'), 'wx');
      writeSync(this.safetensors, safetensorsStart(facts));
      const { blocks, hiddenSize: d } = facts;
      if (4 * blocks * (d * d + d) < MOST_ARCHIVE)
        this.archive = new Archive(path.join(this.unfinished, 'params.pt'), facts);
    } catch (error) {
      throw refused(folder, error);
    }
  }

  /** Adds the next translator. @throws Fault `output` */
  add(matrix: Float32Array, bias: Float32Array): void {
    try {
      for (const numbers of [matrix, bias]) {
        const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
        for (let at = 0; at < bytes.length;) at += writeSync(this.safetensors, bytes, at);
        this.archive?.add(`data/${this.written++}`, bytes);
      }
    } catch (error) {
      throw refused(this.folder, error);
    }
  }

  /** Gives the folder its name. @returns the files in it @throws Fault `output` */
  finish(): readonly string[] {
    if (this.written !== tensorsOf(this.facts).length) throw new RangeError(`${this.written} tensors were written`);
    try {
      this.archive?.end();
      closeSync(this.safetensors);
      checkFree(this.folder);
      renameSync(this.unfinished, this.folder); // refused where somebody has put files there meanwhile
      return readdirSync(this.folder).map((name) => path.join(this.folder, name));
    } catch (error) {
      throw refused(this.folder, error);
    }
  }

  /** Takes away what was begun. */
  discard(): void {
    rmSync(this.unfinished, { recursive: true, force: true });
  }
}

/** An archive of `torch.save`: entries as they are, one after another. */
class Archive {
  private readonly file: number;
  private readonly zip: Zip;
  private fault: Error | null = null;

  constructor(place: string, facts: TunedFacts) {
    this.file = openSync(place, 'wx');
    this.zip = new Zip((error, chunk) => {
      this.fault ??= error;
      for (let at = 0; at < chunk.length;) at += writeSync(this.file, chunk, at);
    });
    this.add('data.pkl', stateDict(facts));
    this.add('byteorder', new TextEncoder().encode('little'));
    this.add('version', new TextEncoder().encode('3\n'));
  }

  add(name: string, bytes: Uint8Array): void {
    const entry = new ZipPassThrough(`params/${name}`);
    this.zip.add(entry);
    entry.push(bytes, true);
    if (this.fault) throw this.fault;
  }

  end(): void {
    this.zip.end();
    closeSync(this.file);
  }
}

/** @throws Fault `output` */
export function checkFree(folder: string): void {
  if (!existsSync(folder)) return;
  throw new Fault({
    code: 'output',
    message: `There is something at ${folder} already, and it is not replaced.`,
    hint: 'Name another folder: --output DIR.',
  });
}

function refused(folder: string, error: unknown): Fault {
  if (error instanceof Fault) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return new Fault({
    code: 'output',
    message: `The translator cannot be written to ${folder}${code === 'ENOSPC' ? ': the disk is full' : ''}.`,
    hint: 'Name another folder: --output DIR.',
    detail: String(error),
  });
}
