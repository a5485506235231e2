import { canonical } from '../dependence.js';
import type { Intervention, InterventionPart, InterventionVector } from '../interventions.js';
import { isRecord } from '../json.js';
import { parseNumber } from '../numbers.js';
import type { Prompt } from '../specification.js';
import { bad, type Given, type Loose, type MapFlag, type MeantFiles } from './mapFlag.js';
import { writeToken } from './tokenNames.js';
import { filesOfVector, vectorFrom } from './typedVector.js';

const EXAMPLES = 'skip@4, zero:attention@4, mean:heads@4:0,3, freeze:mlp@4:TEXT or add:FILE*2.5@10:all';
const PART = /^(zero|mean|freeze):(attention|mlp|heads)@(\d+)(?::(.*))?$/s;

/** A vector as it is typed: where it may end, the coefficient apart or not. */
interface TypedVector {
  readonly kind: 'add' | 'project';
  readonly block: number;
  readonly positions: string | undefined;
  /** Most likely first: what a vector in words is. Where files of both names exist nobody can tell what is meant. */
  readonly readings: readonly { readonly place: string; readonly coefficient: number | undefined }[];
}

/** Parsed from the right, as names of files and prompts may hold anything. */
function typedVector(text: string): TypedVector | undefined {
  const [, kind, vector = '', block, positions] = /^(add|project):(.+)@(\d+)(?::(last|all|later))?$/s.exec(text) ?? [];
  if ((kind !== 'add' && kind !== 'project') || (kind === 'project' && positions !== undefined)) return undefined;
  const whole = { place: vector, coefficient: undefined };
  const [, place, times = ''] = /^(.+)\*([^*]+)$/s.exec(vector) ?? [];
  const coefficient = parseNumber(times);
  const apart = kind === 'add' && place !== undefined && Number.isFinite(coefficient);
  const readings = apart ? [{ place, coefficient }, whole] : [whole];
  return { kind, block: Number(block), positions, readings };
}

const namesIn = (text: string): MeantFiles =>
  filesOfVector(typedVector(text)?.readings.map(({ place }) => place) ?? []);

function read(text: string, given: Given): Loose {
  if (text.startsWith('{')) return fromJson(text);
  const [, skipped] = /^skip@(\d+)$/.exec(text) ?? [];
  if (skipped !== undefined) return { kind: 'skip', block: Number(skipped) };
  const [, kind, part, block, rest] = PART.exec(text) ?? [];
  if (kind !== undefined && part !== undefined) return partFrom(text, kind, part, Number(block), rest);
  const typed = typedVector(text);
  if (!typed) throw bad(`--intervene ${text}: this is no intervention.`, `Write ${EXAMPLES}, or JSON.`);
  const reading = typed.readings.find(({ place }) => given.files.vectors.has(place)) ?? typed.readings[0];
  const vector = vectorFrom(reading?.place ?? '', given, `--intervene ${text}`);
  const { block: at, positions } = typed;
  if (typed.kind === 'project') return { kind: 'project', block: at, direction: vector };
  const { coefficient = 1 } = reading ?? {};
  return { kind: 'add', block: at, vector, coefficient, positions: positions ?? 'all' };
}

function fromJson(text: string): Loose {
  try {
    const data: unknown = JSON.parse(text);
    if (isRecord(data)) return data;
  } catch {
    // told below
  }
  throw bad(`--intervene ${text}: what begins with { must be an intervention in JSON.`);
}

function partFrom(text: string, kind: string, part: string, block: number, rest: string | undefined): Loose {
  const [, heads, behind] = part === 'heads' ? (/^([\d,\s]+)(?::(.*))?$/s.exec(rest ?? '') ?? []) : [];
  if (part === 'heads' && heads === undefined)
    throw bad(`--intervene ${text}: which attention heads?`, `Write ${kind}:heads@${block}:0,3.`);
  const more = part === 'heads' ? behind : rest;
  const named =
    heads === undefined ? { part } : { part, heads: heads.split(',').map((one) => parseNumber(one.trim())) };
  if (kind === 'freeze') {
    if (more === undefined || more === '')
      throw bad(`--intervene ${text}: frozen at which prompt?`, 'Write the prompt’s text behind a colon.');
    return { kind, block, ...named, prompt: { kind: 'prompt', text: more } };
  }
  if (more !== undefined) throw bad(`--intervene ${text}: nothing can follow here.`, `Write ${EXAMPLES}, or JSON.`);
  return { kind, block, ...named, ...(kind === 'mean' ? { texts: null } : {}) };
}

/** The value that gives one back: short where there is a short form. */
function written(one: Intervention): string {
  switch (one.kind) {
    case 'skip':
      return `skip@${one.block}`;
    case 'zero':
      return `zero:${partText(one, one.block)}`;
    case 'mean':
      return one.texts === null ? `mean:${partText(one, one.block)}` : JSON.stringify(one);
    case 'freeze': {
      const { prompt } = one;
      const plain = prompt.kind === 'prompt' && prompt.chat !== true && (prompt.position ?? -1) === -1;
      return plain ? `freeze:${partText(one, one.block)}:${prompt.text}` : JSON.stringify(one);
    }
    case 'project':
      return shortest(one, (vector) => `project:${vector}@${one.block}`, one.direction);
    case 'add': {
      const at = one.positions === 'all' ? '' : `:${one.positions}`;
      return shortest(one, (vector) => `add:${vector}*${one.coefficient}@${one.block}${at}`, one.vector);
    }
  }
}

/** In words where they are read as the same again. */
function shortest(one: Intervention, short: (vector: string) => string, vector: InterventionVector): string {
  const words = vectorText(vector);
  const json = JSON.stringify(one);
  if (words === undefined) return json;
  try {
    const again = read(short(words), { values: {}, files: { texts: new Map(), vectors: new Map() } });
    return canonical(again) === canonical(one) ? short(words) : json;
  } catch {
    return json; // two arrows in a prompt
  }
}

function vectorText(vector: InterventionVector): string | undefined {
  switch (vector.kind) {
    case 'row':
      return `${vector.matrix}:${writeToken(vector.token)}`;
    case 'prompt':
      return `prompt:${vector.text}`;
    case 'difference': {
      const [from, to] = [only(vector.from), only(vector.to)];
      return from?.kind === 'prompt' && to?.kind === 'prompt' ? `prompt:${from.text}->${to.text}` : undefined;
    }
    case 'tokens':
    case 'mean':
    case 'vector':
      return undefined;
  }
}

const only = (prompts: readonly Prompt[]): Prompt | undefined => (prompts.length === 1 ? prompts[0] : undefined);

const partText = (part: InterventionPart, block: number): string =>
  `${part.part}@${block}${part.heads ? `:${part.heads.join(',')}` : ''}`;

export const INTERVENTION_FLAGS: readonly MapFlag[] = [
  {
    name: 'intervene',
    value: 'WHAT@BLOCK',
    many: true,
    names: namesIn,
    help: 'a change of the model in one block: skip@4; zero, mean (over sample texts) or freeze (at another prompt of the same length) of attention, mlp or heads: zero:attention@4, mean:heads@4:0,3, freeze:mlp@4:TEXT; project:VECTOR@10 takes a direction out, add:VECTOR*2.5@10:all adds a vector at last, all or later positions; a VECTOR is FILE[:KEY][#ROW], prompt:TEXT, prompt:FROM->TO (the difference of two), prompts:FILE->FILE (of the means of two lists), unembedding:TOKEN or embedding:TOKEN; or as JSON; can be given several times, and they act in this order',
    fields: ['interventions'],
    read: (text, draft, given) => void draft.interventions.push(read(text, given)),
    write: ({ interventions }) => (interventions.length === 0 ? undefined : interventions.map(written)),
  },
];
