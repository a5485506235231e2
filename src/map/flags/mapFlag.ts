import { Fault } from '../fault.js';
import { parseNumber } from '../numbers.js';
import type { TextTable } from '../textPoints.js';
import type { Feature } from '../questions.js';
import type { MapParameters } from '../specification.js';

/** A flag of the command line, `--name VALUE`; a switch where `value` is left out. */
export interface Flag {
  readonly name: string;
  /** What stands for the value in the help text. */
  readonly value?: string;
  readonly help: string;
  readonly default?: string;
  /** It can be given several times; of others the last counts. */
  readonly many?: true;
}

/** Values of flags as they were typed, by name; a switch's is empty. */
export type FlagValues = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What is in the files that flags name, by the flags' values: this room does no I/O, its caller reads them first. */
export interface FlagFiles {
  /** Lines of text files, empty ones left out. */
  readonly texts: ReadonlyMap<string, readonly string[]>;
  /** Tables of texts. */
  readonly tables?: ReadonlyMap<string, TextTable>;
  /** Vectors as base64 of little-endian float32, and what they are called. */
  readonly vectors: ReadonlyMap<string, { readonly vector: string; readonly name: string }>;
  /** Features of sparse autoencoders, and probes. */
  readonly features?: ReadonlyMap<string, Omit<Feature, 'kind'>>;
}

/** A part of the parameters on its way from flags: nothing in it has been checked. */
export type Loose = Record<string, unknown>;

/** Of something that will be checked as a whole: whatever was typed. */
type Typed<T> = { -readonly [Field in keyof T]: unknown };

/** Parameters on their way from flags. */
export type Draft = Typed<Omit<MapParameters, 'context' | 'interventions' | 'plane' | 'grid' | 'overlays'>> & {
  context: Loose;
  interventions: Loose[];
  plane: Typed<MapParameters['plane']> & { axes: Loose; center: Loose };
  grid: Typed<MapParameters['grid']>;
  overlays: Loose[];
};

/** What a flag is read with: all flags that were given, and the contents of their files. */
export interface Given {
  readonly values: FlagValues;
  readonly files: FlagFiles;
}

/** The files that a value may name. */
export interface MeantFiles {
  /** Places of a vector: readings of one name, of which one exists. */
  readonly vectors: readonly string[];
  /** Tables of texts, all of them. */
  readonly tables?: readonly string[];
  /** Places of features, all of them. */
  readonly features?: readonly string[];
  /** Text files, all of them. */
  readonly texts?: readonly string[];
  /** What the value means in words where it names no vector's file. */
  readonly instead?: string;
}

/** A flag that sets a part of the parameters. Flags are read in the order of the table, whatever order they came in. */
export interface MapFlag extends Flag {
  /** What kind of file the value names. */
  readonly file?: 'texts' | 'vectors';
  /** The files that a value may name somewhere inside. */
  readonly names?: (text: string) => MeantFiles;
  /** Beginnings of the paths in the parameters that a fault of this flag can have. */
  readonly fields: readonly string[];
  read(text: string, draft: Draft, given: Given): void;
  /** The flag's value in these parameters, a switch's being empty; undefined where it says nothing about them. */
  write(parameters: MapParameters): string | readonly string[] | undefined;
  /** What it would be in these parameters if it were left out and the others were typed, where that depends on them. */
  usual?(parameters: MapParameters): string;
}

export const bad = (message: string, hint?: string): Fault =>
  new Fault({ code: 'bad-parameter', message, ...(hint === undefined ? {} : { hint }) });

/** Numbers between separators, as many as one of `counts`. */
export function parts(
  text: string,
  separator: string,
  name: string,
  example: string,
  counts: readonly number[],
): number[] {
  const numbers = text.split(separator).map((part) => parseNumber(part.trim()));
  if (counts.includes(numbers.length)) return numbers;
  throw bad(`--${name} ${text}: write it as ${example}.`);
}

/** The lines of a text file that a flag names. */
export function textsOf({ files }: Given, file: string): readonly string[] {
  const texts = files.texts.get(file);
  if (texts) return texts;
  throw bad(`The file ${file} was not read.`);
}

/** A vector that a flag names. */
export function vectorOf({ files }: Given, place: string): Loose {
  const vector = files.vectors.get(place);
  if (vector) return { kind: 'vector', ...vector };
  throw bad(`The file ${place} was not read.`);
}

/** Throws where two flags are given of which only one can be. */
export function alone(name: string, given: Given, others: readonly string[]): void {
  const other = others.find((one) => one !== name && given.values[one] !== undefined);
  if (other !== undefined) throw bad(`--${name} and --${other} exclude each other.`, 'Leave one of them out.');
}
