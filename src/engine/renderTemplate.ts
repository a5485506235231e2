import { Environment, Interpreter, Template } from '@huggingface/jinja'; // the hub's own Jinja for chat templates, MIT, no dependencies
import type { TemplateVariables } from './textReader.js';

const MAX_RENDERED = 2 ** 21;
const MAX_RANGE = 10_000;

/** What a template says in its own words, or what is said of it in ours. */
export class Stated extends Error {}

/** Runs a template, in the process that can be ended. @throws Stated, Error. */
export function renderTemplate(source: string, { specialTokens, text }: TemplateVariables): string {
  // Not `Template.render`, whose globals cannot be replaced.
  const environment = new Environment();
  const variables = {
    ...GLOBALS,
    ...specialTokens,
    messages: [{ role: 'user', content: text }],
    add_generation_prompt: true,
    tools: null,
    documents: null,
  };
  for (const [name, value] of Object.entries(variables)) environment.set(name, value);
  const { value } = new Interpreter(environment).run(new Template(source).parsed);
  if (typeof value !== 'string' || value === '') throw new Stated('it makes nothing of the prompt');
  if (value.length > MAX_RENDERED) throw new Stated('what it makes of the prompt is too long');
  return value;
}

/** A template may refuse a conversation. */
function refuse(reason: unknown): never {
  throw new Stated(String(reason).slice(0, 1000));
}

/** Python's, for as many numbers as a template can need. */
function range(first: number, end?: number, step = 1): number[] {
  const [from, to] = end === undefined ? [0, first] : [first, end];
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (!(count <= MAX_RANGE)) throw new Stated(`it counts to ${count}`);
  return Array.from({ length: count }, (_, i) => from + i * step);
}

const DATE: Readonly<Record<string, string>> = {
  d: '26',
  '-d': '26',
  b: 'Jul',
  B: 'July',
  m: '07',
  '-m': '7',
  Y: '2024',
  y: '24',
  a: 'Fri',
  A: 'Friday',
  j: '208',
  H: '00',
  I: '12',
  M: '00',
  S: '00',
  p: 'AM',
  F: '2024-07-26',
  T: '00:00:00',
  '%': '%',
};

/**
 * Templates may write today's date. A map must not depend on the day it is drawn on, so it is always the date that the templates
 * of Llama 3 write where there is no clock.
 */
function fixedDate(format: string): string {
  return format.replace(/%(-?[a-zA-Z%])/g, (code, letter: string) => DATE[letter] ?? code);
}

/** What every template may use. */
const GLOBALS = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  range,
  strftime_now: fixedDate,
  raise_exception: refuse,
};
