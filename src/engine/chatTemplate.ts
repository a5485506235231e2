import { readFileSync, statSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { Environment, Interpreter, Template } from '@huggingface/jinja'; // the hub's own Jinja for chat templates, MIT, no dependencies
import { Fault } from '../map/fault.js';
import type { ModelFiles } from './modelFiles.js';

/** Puts what a user says into the form that a model was trained to answer. */
export interface ChatTemplate {
  /** The user's one message, and the beginning of the answer. @throws Fault `tokenizer`. */
  render(text: string): string;
}

const MAX_TEMPLATE = 2 ** 20;
const MAX_RENDERED = 2 ** 21;
const MAX_RANGE = 10_000;
const MILLISECONDS = 2000;

/**
 * The chat template of a model: `chat_template.jinja`, else that of tokenizer_config.json, of several the one called "default".
 * It is a program by a stranger: it reaches nothing but the message, and is stopped when it takes too long.
 * @returns undefined where there is none. @throws Fault `tokenizer` where it cannot be read.
 */
export function openChatTemplate(files: ModelFiles): ChatTemplate | undefined {
  const source = templateText(files);
  if (source === undefined) return undefined;
  let template: Template | undefined;
  return {
    render: (text) =>
      stopped(() => {
        template ??= new Template(source);
        // Not `template.render`, whose globals cannot be replaced.
        const environment = new Environment();
        const variables = {
          ...GLOBALS,
          ...specialTokens(files),
          messages: [{ role: 'user', content: text }],
          add_generation_prompt: true,
          tools: null,
          documents: null,
        };
        for (const [name, value] of Object.entries(variables)) environment.set(name, value);
        const { value } = new Interpreter(environment).run(template.parsed);
        return typeof value === 'string' ? value : '';
      }),
  };
}

function templateText({ chatTemplateFile, tokenizerConfig }: ModelFiles): string | undefined {
  if (chatTemplateFile !== undefined) {
    try {
      if (statSync(chatTemplateFile).size <= MAX_TEMPLATE) return readFileSync(chatTemplateFile, 'utf8');
    } catch (error) {
      throw unusable(messageOf(error));
    }
    throw unusable('it is larger than 1 MB');
  }
  const stated = tokenizerConfig.chat_template;
  const text = Array.isArray(stated) ? (stated as unknown[]).map(defaultOf).find((one) => one !== undefined) : stated;
  if (text === undefined || text === null) {
    if (Array.isArray(stated)) throw unusable('there are several and none is called "default"');
    return undefined;
  }
  if (typeof text !== 'string') throw unusable('it is no text');
  if (text.length > MAX_TEMPLATE) throw unusable('it is larger than 1 MB');
  return text;
}

const defaultOf = (entry: unknown): unknown =>
  typeof entry === 'object' && entry !== null && 'name' in entry && entry.name === 'default' && 'template' in entry
    ? entry.template
    : undefined;

/** `bos_token` and its like, which templates write themselves. */
function specialTokens({ tokenizerConfig }: ModelFiles): Record<string, string> {
  const tokens: Record<string, string> = {};
  for (const [name, token] of Object.entries(tokenizerConfig)) {
    const text = tokenText(token);
    if (/^(bos|eos|unk|sep|pad|cls|mask)_token$/.test(name) && text !== undefined) tokens[name] = text;
  }
  return tokens;
}

/** The text of a token as configurations name it: a string, or an object with its content. */
export function tokenText(token: unknown): string | undefined {
  if (typeof token === 'string') return token;
  if (typeof token === 'object' && token !== null && 'content' in token && typeof token.content === 'string')
    return token.content;
  return undefined;
}

/** Runs a stranger's template, and ends it when it takes too long: only Node's `vm` can end what does not return. */
function stopped(render: () => string): string {
  let rendered = '';
  try {
    runInNewContext('run()', { run: () => void (rendered = render()) }, { timeout: MILLISECONDS });
  } catch (error) {
    if (error instanceof Fault) throw error;
    // An error of that context is no `Error` of this one.
    const late = messageOf(error).includes('Script execution timed out');
    throw unusable(late ? 'it takes too long' : messageOf(error));
  }
  if (rendered.length > MAX_RENDERED) throw unusable('what it makes of the prompt is too long');
  if (rendered === '') throw unusable('it makes nothing of the prompt');
  return rendered;
}

const unusable = (why: string): Fault =>
  new Fault({
    code: 'tokenizer',
    message: `The model's chat template cannot be used: ${why.replace(/\.$/, '')}.`,
    hint: 'Give the prompt as plain text, with the template written out if it needs one.',
  });

/** A template may refuse a conversation. */
function refuse(reason: unknown): never {
  throw unusable(String(reason));
}

/** Python's, for as many numbers as a template can need. */
function range(first: number, end?: number, step = 1): number[] {
  const [from, to] = end === undefined ? [0, first] : [first, end];
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (!(count <= MAX_RANGE)) throw unusable(`it counts to ${count}`);
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

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
