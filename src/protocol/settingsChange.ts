import { questionsOf } from '../map/questions.js';
import type { MapSettings } from './panelSettings.js';

/**
 * Where a setting is: `device`, `batchSize`, `compare`, `sweep`, `lens`, `profile`, `sae`, `parameters` (all of them), `questions` (all that is
 * asked, in order), or a path in the parameters, `grid.spacing`, `plane.axes.dimensions.0`.
 */
export type SettingPath = string;

const OUTSIDE: readonly SettingPath[] = [
  'device',
  'batchSize',
  'compare',
  'sweep',
  'lens',
  'profile',
  'sae',
  'parameters',
];
const QUESTIONS: SettingPath = 'questions';

/** The value of a setting, undefined where there is none. */
export function settingAt(settings: MapSettings, path: SettingPath): unknown {
  if (path === QUESTIONS) return questionsOf(settings.parameters);
  let value: unknown = OUTSIDE.includes(path) ? settings : settings.parameters;
  for (const key of path.split('.')) value = child(value, key);
  return value;
}

/**
 * The settings with one of them changed, still to be checked; undefined where there is no such setting. Page and host apply
 * the same change, each to what it knows: two quick changes of different fields never undo each other.
 */
export function withSetting(settings: MapSettings, path: SettingPath, value: unknown): unknown {
  if (path === QUESTIONS) {
    if (!Array.isArray(value)) return undefined;
    const [question = null, ...alsoAsked] = value as readonly unknown[];
    return { ...settings, parameters: { ...settings.parameters, question, alsoAsked } };
  }
  const keys = OUTSIDE.includes(path) ? [path] : ['parameters', ...path.split('.')];
  return replaced(settings, keys, value);
}

function replaced(holder: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (!isHolder(holder) || !Object.hasOwn(holder, key)) return undefined;
  const inner = replaced(child(holder, key), rest, value);
  if (inner === undefined) return undefined;
  if (Array.isArray(holder)) return holder.map((item: unknown, i) => (String(i) === key ? inner : item));
  return { ...(rest.length === 0 ? withoutLostPosition(holder, key, inner) : holder), [key]: inner };
}

/**
 * A position that was counted from the beginning of a prompt is one of its text: it stays where text follows, and of another text the
 * last token is meant again.
 */
function withoutLostPosition(prompt: object, key: string, next: unknown): object {
  const position = child(prompt, 'position');
  if (typeof position !== 'number' || position < 0 || !['text', 'ids'].includes(key)) return prompt;
  const before = child(prompt, key);
  if (typeof before === 'string' && typeof next === 'string' && next.startsWith(before)) return prompt;
  if (Array.isArray(before) && Array.isArray(next) && before.every((id, i) => id === next[i])) return prompt;
  return Object.fromEntries(Object.entries(prompt).filter(([name]) => name !== 'position'));
}

/** Whether a setting is typed letter by letter: what stands there in between is not meant. */
export const isTyped = (path: SettingPath): boolean =>
  /(^|\.)(text|texts|ids|token|tokens|pattern|first|second|prompts)$/.test(path);

const isHolder = (value: unknown): value is object => typeof value === 'object' && value !== null;

const child = (holder: unknown, key: string): unknown =>
  isHolder(holder) && Object.hasOwn(holder, key) ? (Reflect.get(holder, key) as unknown) : undefined;
