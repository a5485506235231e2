import { parentPort } from 'node:worker_threads';
import { toCsv } from '../formats/csv.js';
import { withoutMeasured } from '../formats/measured.js';
import { toNpz } from '../formats/npz.js';
import type { OutputFolder } from '../formats/outputFolder.js';
import { toPng, toSvg } from '../formats/pictures.js';
import { plannedNumber } from '../formats/planFiles.js';
import { readMapIn } from '../formats/readMap.js';
import { saveMap } from '../formats/saveMap.js';
import { toJson } from '../formats/toJson.js';
import { givenBytes, type GivenFile, listVectors, readVector, withFile } from '../formats/vectorFile.js';
import { settledMap } from '../map/settledMap.js';
import { Client, serve } from '../protocol/channel.js';
import type { EncodeParams, FilesRequests, FolderRequests, Reached, VectorPlace } from './filesProtocol.js';
import { portOf } from './filesProtocol.js';

// The thread of the extension host that makes and reads files: the JSON of a large map takes longer than a person waits.

if (!parentPort) throw new Error('This file runs as a thread.');
const port = portOf(parentPort);
const host = new Client<FolderRequests>(port);

/** The folder that the host reaches for us. */
function remoteFolder(name: string): OutputFolder {
  const reached = async <T>(asked: Promise<Reached<T>>): Promise<T> => {
    const answer = await asked;
    if ('value' in answer) return answer.value;
    throw Object.assign(new Error(answer.message), { code: answer.code });
  };
  return {
    name,
    place: (file) => file,
    make: () => reached(host.call('make', { args: [] })),
    unmake: () => reached(host.call('unmake', { args: [] })),
    list: () => reached(host.call('list', { args: [] })),
    read: (...args) => reached(host.call('read', { args })),
    look: (file) => reached(host.call('look', { args: [file] })),
    write: (file, bytes) => reached(host.call('write', { args: [file, bytes] })),
    take: (from, to) => reached(host.call('take', { args: [from, to] })),
    rename: (from, to) => reached(host.call('rename', { args: [from, to] })),
    remove: (file) => reached(host.call('remove', { args: [file] })),
  };
}

async function encode({ map: drawn, format, ...options }: EncodeParams): Promise<Uint8Array> {
  const map = settledMap(drawn);
  switch (format) {
    case 'json':
      return toJson(map);
    case 'csv':
      return toCsv(map);
    case 'npz':
      return toNpz(map);
    case 'svg':
      return new TextEncoder().encode(await toSvg(withoutMeasured(map), options));
    case 'png':
      return toPng(withoutMeasured(map), options);
  }
}

const withPlace = <T>(place: VectorPlace, use: (file: GivenFile) => Promise<T>): Promise<T> =>
  'path' in place ? withFile(place.path, use) : use(givenBytes(place.name, place.bytes));

serve<FilesRequests>(port, {
  plan: async ({ map, folder }) => {
    const number = await plannedNumber(map, remoteFolder(folder));
    return number === 1 ? null : number;
  },
  save: ({ map, folder, ...options }) => saveMap(map, { ...options, directory: remoteFolder(folder) }),
  encode,
  listVectors: ({ place }) => withPlace(place, listVectors),
  readVector: ({ place, pick }) => withPlace(place, (file) => readVector(file, pick)),
  read: ({ json, folder }) => readMapIn(remoteFolder(folder), json),
});
