import type { Format } from '../formats/formats.js';
import type { OutputFolder } from '../formats/outputFolder.js';
import type { SavedFiles } from '../formats/saveMap.js';
import type { ReadFeature } from '../formats/features.js';
import type { VectorEntry, VectorPick } from '../formats/vectorFile.js';
import type { TokenMap } from '../map/tokenMap.js';
import type { Message, Port, Requests } from '../protocol/channel.js';
import type { DrawnSet, SavedSet, SetPicture } from './savedSets.js';

/** Extension host to the thread that makes and reads files. One thread serves one request. */
export type FilesRequests = Requests<{
  /** The number that the files would get because other maps have their names; null: none. Writes nothing. */
  plan: { params: { readonly map: TokenMap; readonly folder: string }; event: never; result: number | null };
  save: { params: SaveParams; event: never; result: SavedFiles };
  /** One file as bytes. `scale` is for pictures. */
  encode: { params: EncodeParams; event: never; result: Uint8Array };
  /** What a panel shows beside its map, all of it: the place of the JSON that opens it again; and its picture. */
  saveSet: { params: SaveSetParams; event: never; result: string };
  encodeSet: { params: EncodeSetParams; event: never; result: Uint8Array };
  read: { params: { readonly json: string; readonly folder: string }; event: never; result: TokenMap };
  /** The arrays of a vector file, and a vector of one: strangers' archives are not opened where the extension lives. */
  listVectors: { params: { readonly place: VectorPlace }; event: never; result: readonly VectorEntry[] };
  /** A feature of a sparse autoencoder or a probe, of a file or of the folder that it lies in. */
  readFeature: {
    params: { readonly place: VectorPlace; readonly pick: VectorPick };
    event: never;
    result: ReadFeature;
  };
  readVector: {
    params: { readonly place: VectorPlace; readonly pick: VectorPick };
    event: never;
    result: { readonly vector: Float32Array; readonly name: string };
  };
}>;

/** A vector file: a path of this machine, read in parts, or one of another machine, whose bytes are at hand. */
export type VectorPlace = { readonly path: string } | { readonly name: string; readonly bytes: Uint8Array };

export interface SaveParams {
  readonly map: TokenMap;
  readonly formats: readonly Format[];
  /** {@link OutputFolder.name} of the folder, which the host reaches. */
  readonly folder: string;
  readonly assets: string;
  readonly overwrite: boolean;
}

export interface SaveSetParams {
  readonly set: SavedSet;
  readonly folder: string;
  /** The folder's path on this machine's disk; null: it is none of it. */
  readonly disk: string | null;
  readonly assets: string;
}

export interface EncodeSetParams {
  readonly set: DrawnSet;
  readonly format: SetPicture;
  readonly scale: number;
  readonly assets: string;
}

export interface EncodeParams {
  readonly map: TokenMap;
  readonly format: Format;
  readonly scale: number;
  readonly assets: string;
}

type FolderMethods = Omit<OutputFolder, 'name' | 'place'>;

/** The thread to the extension host: the folder, which only the host can reach. */
export type FolderRequests = Requests<{
  [Method in keyof FolderMethods]: {
    params: { readonly args: Parameters<FolderMethods[Method]> };
    event: never;
    result: Reached<Awaited<ReturnType<FolderMethods[Method]>>>;
  };
}>;

/** What came of it. An error keeps the system's code, from which a person's sentence is made. */
export type Reached<T> = { readonly value: T } | { readonly code: string; readonly message: string };

/** A thread's port as a transport. */
export const portOf = (end: {
  postMessage(message: Message): void;
  on(event: 'message', listener: (message: Message) => void): unknown;
}): Port => ({
  send: (message) => end.postMessage(message),
  onMessage: (listener) => void end.on('message', listener),
});
