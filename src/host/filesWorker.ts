import { parentPort } from 'node:worker_threads';
import { encode } from '../formats/formats.js';
import type { OutputFolder } from '../formats/outputFolder.js';
import { featureOf, readFeature } from '../formats/features.js';
import { plannedNumber } from '../formats/planFiles.js';
import { readMapIn } from '../formats/readMap.js';
import { saveMap } from '../formats/saveMap.js';
import { givenBytes, type GivenFile, listVectors, readVector, withFile } from '../formats/vectorFile.js';
import { Client, serve } from '../protocol/channel.js';
import type { FilesRequests, FolderRequests, Reached, VectorPlace } from './filesProtocol.js';
import { portOf } from './filesProtocol.js';
import { encodeSet, saveSet } from './savedSets.js';

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

const withPlace = <T>(place: VectorPlace, use: (file: GivenFile) => Promise<T>): Promise<T> =>
  'path' in place ? withFile(place.path, use) : use(givenBytes(place.name, place.bytes));

serve<FilesRequests>(port, {
  plan: async ({ map, folder }) => {
    const number = await plannedNumber(map, remoteFolder(folder));
    return number === 1 ? null : number;
  },
  save: ({ map, folder, ...options }) => saveMap(map, { ...options, directory: remoteFolder(folder) }),
  encode: ({ map, format, ...options }) => encode(map, format, options),
  saveSet: ({ set, folder, disk, assets }) => saveSet(set, remoteFolder(folder), disk, { assets }),
  encodeSet: ({ set, format, ...options }) => encodeSet(set, format, options),
  listVectors: ({ place }) => withPlace(place, listVectors),
  readFeature: ({ place, pick }) =>
    'path' in place ? readFeature(place.path, pick) : featureOf(givenBytes(place.name, place.bytes), pick),
  readVector: ({ place, pick }) => withPlace(place, (file) => readVector(file, pick)),
  read: ({ json, folder }) => readMapIn(remoteFolder(folder), json),
});
