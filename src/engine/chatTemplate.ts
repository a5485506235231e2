import { readFileSync, statSync } from 'node:fs';
import { Fault } from '../map/fault.js';
import type { ModelFiles } from './modelFiles.js';
import type { TextReader } from './textReader.js';

/** Puts what a user says into the form that a model was trained to answer. */
export interface ChatTemplate {
  /** The user's one message, and the beginning of the answer. @throws Fault `tokenizer`. */
  render(text: string): Promise<string>;
}

const MAX_TEMPLATE = 2 ** 20;

/**
 * The chat template of a model: `chat_template.jinja`, else that of tokenizer_config.json, of several the one called "default".
 * It is a program by a stranger: it reaches nothing but the message, and is run where it can be ended.
 * @returns undefined where there is none. @throws Fault `tokenizer` where it cannot be read.
 */
export function openChatTemplate(files: ModelFiles, reader: TextReader): ChatTemplate | undefined {
  const template = templateText(files);
  if (template === undefined) return undefined;
  const specialTokens = specialTokensOf(files);
  return {
    async render(text) {
      const answer = await reader.render(template, { specialTokens, text });
      if ('text' in answer) return answer.text;
      if (!('failed' in answer)) throw unusable('it gives no text');
      switch (answer.failed) {
        case 'time':
          throw unusable('it takes too long');
        case 'memory':
        case 'broken': // V8 ends a process whose heap is full
          throw unusable('it needs too much memory');
        case 'stated':
          throw unusable(answer.detail);
        case 'refused':
        case 'missing':
          throw unusable('it does what is not understood here', answer.detail);
      }
    },
  };
}

function templateText({ chatTemplateFile, tokenizerConfig }: ModelFiles): string | undefined {
  if (chatTemplateFile !== undefined) {
    try {
      if (statSync(chatTemplateFile).size <= MAX_TEMPLATE) return readFileSync(chatTemplateFile, 'utf8');
    } catch (error) {
      throw unusable('its file cannot be read', messageOf(error));
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
function specialTokensOf({ tokenizerConfig }: ModelFiles): Record<string, string> {
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

const unusable = (why: string, detail?: string): Fault =>
  new Fault({
    code: 'tokenizer',
    message: `The model's chat template cannot be used: ${why.replace(/\.$/, '')}.`,
    hint: 'Give the prompt as plain text, with the template written out if it needs one.',
    ...(detail === undefined ? {} : { detail }),
  });

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
