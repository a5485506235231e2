/** Walks through a valibot schema beside a value of it: every field, and values in which just one field is another. */

/** As much of a valibot schema as a walk needs. */
export interface Schema {
  readonly type: string;
}

const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null && 'type' in value;
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A part of a schema by its key: `entries`, `wrapped`, `item`, `items`, `options`, `literal`, `key`. */
const partOf = (schema: Schema, key: string): unknown => Object.entries(schema).find(([name]) => name === key)?.[1];
function schemaIn(schema: Schema, key: string): Schema {
  const part = partOf(schema, key);
  if (isSchema(part)) return part;
  throw new Error(`a schema of type ${schema.type} has no ${key}`);
}
function schemasIn(schema: Schema, key: string): [string, Schema][] {
  const part = partOf(schema, key);
  const entries: [string, unknown][] = isRecord(part) || Array.isArray(part) ? Object.entries(part) : [];
  return entries.flatMap(([name, one]) => (isSchema(one) ? [[name, one]] : []));
}
const options = (schema: Schema): unknown[] => {
  const part = partOf(schema, 'options');
  return Array.isArray(part) ? part : [];
};
const WRAPPERS = ['optional', 'exact_optional', 'nullable'];
const join = (...names: string[]): string =>
  names
    .filter((name) => name !== '')
    .join('.')
    .replaceAll('.[]', '[]');

/** The paths of all fields: `plane.axes.dimensions`, `overlays[].prompt.text`; what only tells variants apart is none. */
export function fieldsOf(schema: Schema, path = ''): string[] {
  if (WRAPPERS.includes(schema.type)) return fieldsOf(schemaIn(schema, 'wrapped'), path);
  switch (schema.type) {
    case 'object':
      return schemasIn(schema, 'entries').flatMap(([name, entry]) => fieldsOf(entry, join(path, name)));
    case 'variant':
      return options(schema).flatMap((option) => (isSchema(option) ? fieldsOf(option, path) : []));
    case 'array':
      return [path, ...fieldsOf(schemaIn(schema, 'item'), join(path, '[]'))];
    case 'literal':
      return [];
    default:
      return [path]; // numbers, texts, choices, and unions and tuples of them
  }
}

export interface Change {
  readonly field: string;
  readonly value: unknown;
}

/** A value with one field changed at a time; some of them may be out of a field's range. */
export function changesOf(schema: Schema, value: unknown, path = ''): Change[] {
  const here = (...values: unknown[]): Change[] => values.map((one) => ({ field: path, value: one }));
  if (WRAPPERS.includes(schema.type)) {
    const wrapped = schemaIn(schema, 'wrapped');
    if (value === undefined || value === null)
      return [{ field: fieldsOf(wrapped, path)[0] ?? path, value: sampleOf(wrapped) }];
    return changesOf(wrapped, value, path);
  }
  switch (schema.type) {
    case 'object':
      if (!isRecord(value)) return [];
      return schemasIn(schema, 'entries').flatMap(([name, entry]) =>
        changesOf(entry, value[name], join(path, name)).map((change) => ({
          ...change,
          value: { ...value, [name]: change.value },
        })),
      );
    case 'variant': {
      const key = String(partOf(schema, 'key'));
      const option = options(schema)
        .filter(isSchema)
        .find((one) => {
          const tag = schemasIn(one, 'entries').find(([name]) => name === key)?.[1];
          return tag && isRecord(value) && partOf(tag, 'literal') === value[key];
        });
      return option ? changesOf(option, value, path) : [];
    }
    case 'array': {
      const item = schemaIn(schema, 'item');
      if (!Array.isArray(value) || value.length === 0) return here([sampleOf(item)]);
      const [first, ...rest] = value as unknown[];
      return [
        ...here([first, ...rest, first], rest),
        ...changesOf(item, first, join(path, '[]')).map((change) => ({ ...change, value: [change.value, ...rest] })),
      ];
    }
    case 'tuple':
      if (!Array.isArray(value)) return [];
      return here(
        ...value.map((_, i) => value.map((one: unknown, j) => (i === j && typeof one === 'number' ? one + 7 : one))),
      );
    case 'picklist':
      return here(...options(schema).filter((option) => option !== value));
    case 'literal':
      return [];
    default:
      if (typeof value === 'number') return here(value + 1, value - 1);
      if (typeof value === 'boolean') return here(!value);
      return here(`x${String(value)}`, 0); // a text, or a name that a number can stand for
  }
}

/** Some value of a schema. */
function sampleOf(schema: Schema): unknown {
  if (WRAPPERS.includes(schema.type)) return sampleOf(schemaIn(schema, 'wrapped'));
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        schemasIn(schema, 'entries')
          .filter(([, entry]) => entry.type !== 'exact_optional')
          .map(([name, entry]) => [name, sampleOf(entry)]),
      );
    case 'variant':
    case 'union':
      return sampleOf(options(schema).find(isSchema) ?? { type: 'string' });
    case 'array':
      return [sampleOf(schemaIn(schema, 'item'))];
    case 'picklist':
      return options(schema)[0];
    case 'literal':
      return partOf(schema, 'literal');
    case 'boolean':
      return true;
    case 'number':
      return 1;
    default:
      return 'a';
  }
}
