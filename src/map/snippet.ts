import { sortedJson } from './json.js';
import { type Display, usualDisplay } from './mapDisplay.js';
import { DEFAULT_PARAMETERS, type MapParameters } from './specification.js';

/** What a program is to make: a map, of a model, as it is drawn. */
export interface SnippetSubject {
  /** A path or a name of a cache; undefined: the model that comes with the library. */
  readonly model: string | undefined;
  readonly parameters: MapParameters;
  readonly display: Display;
  readonly device: string;
}

/**
 * A program of the library, in TypeScript, that makes this map and saves it: what is as by default is left out. Texts are in it as
 * JSON has them, so that none of them is anything but a text.
 */
export function snippet({ model, parameters, display, device }: SnippetSubject): string {
  const { plane, grid, ...rest } = parameters;
  const options = {
    ...(model === undefined ? {} : { model }),
    ...(device === 'auto' ? {} : { device }),
    ...changed(rest, DEFAULT_PARAMETERS),
    ...within('plane', plane, DEFAULT_PARAMETERS.plane),
    ...within('grid', grid, DEFAULT_PARAMETERS.grid),
    ...within('display', display, usualDisplay(parameters)),
  };
  return [
    "import { createEmbeddingGridMap } from 'embedding-grid';",
    '',
    `const { map, files } = await createEmbeddingGridMap(${literal(options)});`,
    'console.log(map.specification, files);',
    '',
  ].join('\n');
}

/** The entries that are not as in another object. */
const changed = (of: object, usual: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(of).filter(
      ([name, value]) => sortedJson(value) !== sortedJson((usual as Readonly<Record<string, unknown>>)[name]),
    ),
  );

function within(name: string, of: object, usual: object): Record<string, unknown> {
  const found = changed(of, usual);
  return Object.keys(found).length > 0 ? { [name]: found } : {};
}

const NAME = /^[A-Za-z_]\w*$/;
/** What fits stands on one line. */
const WIDTH = 100;

/** Data as a literal of TypeScript. */
function literal(value: unknown, indent = ''): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const list = Array.isArray(value);
  const parts = list
    ? value.map((item: unknown) => literal(item, inner))
    : Object.entries(value).flatMap(([name, item]) =>
        item === undefined ? [] : [`${NAME.test(name) ? name : `[${JSON.stringify(name)}]`}: ${literal(item, inner)}`],
      );
  const [open, close] = list ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0) return open + close;
  const line = list ? `[${parts.join(', ')}]` : `{ ${parts.join(', ')} }`;
  if (!line.includes('\n') && indent.length + line.length <= WIDTH && (list || indent !== '')) return line;
  return `${open}\n${parts.map((part) => `${inner}${part},\n`).join('')}${indent}${close}`;
}
