import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { withFile } from '../../formats/vectorFile.js';
import { Fault } from '../../map/fault.js';
import { filesOf, parseStudy, type Study } from '../../map/series/study.js';

/** Largest study and text file, in bytes. */
const MOST_BYTES = 2 ** 26;

/**
 * Reads a study, JSON or YAML (by `yaml`, ISC, without dependencies, which bounds what aliases can grow to), and the text files that
 * it names, one text a line, beside it or in folders below.
 * @throws Fault `file` where one cannot be read, `bad-parameter` where it is no study.
 */
export const readStudy = async (file: string): Promise<Study> => parseStudyFile(file, await textOf(file));

/** {@link readStudy} of a file whose text is at hand, as it stands in an editor. */
export async function parseStudyFile(file: string, text: string): Promise<Study> {
  let data: unknown;
  try {
    data = /\.ya?ml$/i.test(file) ? parse(text) : JSON.parse(text);
  } catch (error) {
    throw new Fault({
      code: 'file',
      message: `${file} is no ${/\.ya?ml$/i.test(file) ? 'YAML' : 'JSON'}.`,
      hint: 'docs/studies.md has an example.',
      detail: error instanceof Error ? error.message : String(error),
    });
  }
  const texts = new Map<string, readonly string[]>();
  for (const name of filesOf(data)) texts.set(name, linesOf(await textOf(await below(path.dirname(file), name))));
  return parseStudy(data, texts);
}

/** A file that is named by a study: what came from elsewhere must not read what is not beside it, links followed. */
async function below(folder: string, name: string): Promise<string> {
  const place = path.resolve(folder, name);
  const [from, to] = await Promise.all([folder, place].map((one) => realpath(one).catch(() => path.resolve(one))));
  const way = path.relative(from ?? '', to ?? '');
  if (!path.isAbsolute(name) && way !== '' && !way.startsWith('..') && !path.isAbsolute(way)) return place;
  throw new Fault({
    code: 'bad-parameter',
    message: `The study names the file ${name}, which is not beside it.`,
    hint: 'Put text files into the folder of the study, or below.',
  });
}

const linesOf = (text: string): readonly string[] => text.split(/\r?\n/).filter((line) => line.trim() !== '');

const textOf = (file: string): Promise<string> =>
  withFile(file, async (given) => {
    if (given.size > MOST_BYTES)
      throw new Fault({ code: 'file', message: `${file} is larger than ${MOST_BYTES / 2 ** 20} MB.` });
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(await given.read(0, given.size));
    } catch {
      throw new Fault({ code: 'file', message: `${file} is no text (UTF-8).` });
    }
  });
