import { type PageFile, unpackPage } from '../../src/map/pageFile/pageFile.js';

/** What the page carries besides its program: elements of text in base64, which nothing runs. */
function carried(id: string): Uint8Array<ArrayBuffer> {
  const text = document.getElementById(id)?.textContent ?? '';
  return Uint8Array.from(atob(text.trim()), (character) => character.charCodeAt(0));
}

async function inflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The map and what is said of it. */
export const readContents = async (): Promise<PageFile> => unpackPage(await inflated(carried('contents')));

/** The compiled kernel of the scan. */
export const readKernel = (): Promise<Uint8Array<ArrayBuffer>> => inflated(carried('scan'));
