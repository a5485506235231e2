import { Worker } from 'node:worker_threads';
import type { Format } from '../formats/formats.js';
import type { OutputFolder } from '../formats/outputFolder.js';
import type { SavedFiles } from '../formats/saveMap.js';
import type { ReadFeature } from '../formats/features.js';
import type { VectorEntry, VectorPick } from '../formats/vectorFile.js';
import { Fault } from '../map/fault.js';
import type { TokenMap } from '../map/tokenMap.js';
import { Client, serve } from '../protocol/channel.js';
import {
  type EncodeParams,
  type FilesRequests,
  type FolderRequests,
  portOf,
  type Reached,
  type VectorPlace,
} from './filesProtocol.js';
import type { DrawnSet, SavedSet, SetPicture } from './savedSets.js';

/** How long a vector file may take: some gigabytes are gone through in that time. */
const VECTORS_MS = 30_000;

/** The files of maps, made and read in a thread of their own, so that the extension host never waits for them. */
export class MapFiles {
  /** `worker`: dist/filesWorker.cjs. `assets`: dist/assets. */
  constructor(
    private readonly worker: string,
    private readonly assets: string,
  ) {}

  /** Reads a saved map of a folder, and the file beside it that its cells may stand in. @throws Fault `file`. */
  read(json: string, folder: OutputFolder): Promise<TokenMap> {
    return this.ask('read', { json, folder: folder.name }, folder);
  }

  /** One file of a map as bytes. @throws Fault. */
  encode(params: Omit<EncodeParams, 'assets'>): Promise<Uint8Array> {
    return this.ask('encode', { ...params, assets: this.assets });
  }

  /** The number that a map's files would get because other maps have their names; null: none. */
  plan(map: TokenMap, folder: OutputFolder): Promise<number | null> {
    return this.ask('plan', { map, folder: folder.name }, folder);
  }

  /** Saves a map as the command line does. @throws Fault `output`. */
  save(
    map: TokenMap,
    formats: readonly Format[],
    folder: OutputFolder,
    { overwrite }: { readonly overwrite: boolean },
  ): Promise<SavedFiles> {
    return this.ask('save', { map, formats, folder: folder.name, assets: this.assets, overwrite }, folder);
  }

  /** Saves a set as the command line does: the name of the JSON that opens it again. @throws Fault `output`. */
  saveSet(set: SavedSet, folder: OutputFolder, disk: string | null): Promise<string> {
    return this.ask('saveSet', { set, folder: folder.name, disk, assets: this.assets }, folder);
  }

  /** The picture of a set. @throws Fault. */
  encodeSet(set: DrawnSet, format: SetPicture, scale: number): Promise<Uint8Array> {
    return this.ask('encodeSet', { set, format, scale, assets: this.assets });
  }

  /** The arrays of a vector file. @throws Fault `file`, also where it takes too long. */
  listVectors(place: VectorPlace): Promise<readonly VectorEntry[]> {
    return this.ask('listVectors', { place }, undefined, VECTORS_MS);
  }

  /** A vector of a file. @throws Fault as {@link readVector} of the formats, and `file` where it takes too long. */
  readVector(place: VectorPlace, pick: VectorPick): Promise<{ readonly vector: Float32Array; readonly name: string }> {
    return this.ask('readVector', { place, pick }, undefined, VECTORS_MS);
  }

  /** A feature of a file, or of the folder that it lies in. @throws Fault as {@link readVector}. */
  readFeature(place: VectorPlace, pick: VectorPick): Promise<ReadFeature> {
    return this.ask('readFeature', { place, pick }, undefined, VECTORS_MS);
  }

  private async ask<M extends keyof FilesRequests>(
    method: M,
    params: FilesRequests[M]['params'],
    folder?: OutputFolder,
    milliseconds?: number,
  ): Promise<FilesRequests[M]['result']> {
    const thread = new Worker(this.worker);
    const port = portOf(thread);
    const client = new Client<FilesRequests>(port);
    if (folder) serveFolder(port, folder);
    thread.once('error', (error) => client.close(Fault.from(error)));
    thread.once('exit', (code) =>
      client.close(new Fault({ code: 'internal', message: `Making the files ended early (exit code ${code}).` })),
    );
    const late = new Fault({ code: 'file', message: 'Reading the file takes too long.', hint: 'Choose another file.' });
    const timer = milliseconds === undefined ? undefined : setTimeout(() => client.close(late), milliseconds);
    try {
      return await client.call(method, params);
    } finally {
      clearTimeout(timer);
      await thread.terminate();
    }
  }
}

function serveFolder(port: ReturnType<typeof portOf>, folder: OutputFolder): void {
  serve<FolderRequests>(port, {
    make: () => reach(folder.make()),
    unmake: () => reach(folder.unmake()),
    list: () => reach(folder.list()),
    read: ({ args }) => reach(folder.read(...args)),
    look: ({ args: [file] }) => reach(folder.look(file)),
    write: ({ args: [file, bytes] }) => reach(folder.write(file, bytes)),
    take: ({ args: [from, to] }) => reach(folder.take(from, to)),
    rename: ({ args: [from, to] }) => reach(folder.rename(from, to)),
    remove: ({ args: [file] }) => reach(folder.remove(file)),
  });
}

async function reach<T>(asked: Promise<T>): Promise<Reached<T>> {
  try {
    return { value: await asked };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return { code, message: error instanceof Error ? error.message : String(error) };
  }
}
