import * as v from 'valibot';
import { Fault } from '../fault.js';
import { DEFAULT_PARAMETERS, type MapParameters, parseParameters } from '../specification.js';
import { mergeAxes, parseAxis, pathOf } from './axisText.js';
import { type AxisValue, isAxisValue, memberCount, type MapSeries, MOST_MEMBERS, type SeriesAxis } from './series.js';

/** Of study files and of the copy in their results. */
const STUDY_VERSION = 1;

/** A series that is run as a job, its results being one dataset. */
export interface Study extends MapSeries {
  /** A path or a name; undefined: the bundled model. */
  readonly model: string | undefined;
  readonly keep: {
    /** Every cell with its most probable tokens; else statistics alone. */
    readonly cells: boolean;
    readonly regions: boolean;
    /** The vectors of each member's plane, without which no member opens as a map. */
    readonly planes: boolean;
    /** How near another prediction is to each member's center: left out unless it is asked for, as it is computed besides. */
    readonly boundaries?: true;
  };
  /** Members that are computed and written together: a member of a shard that is not whole is computed again. */
  readonly shard: number;
}

/** Members of a shard, where a study does not say: so many, and as few as hold so many cells, but one. */
const DEFAULT_SHARD = { members: 100, cells: 1_000_000 } as const;
/** Axes at most, and members of a shard. */
const MOST = { axes: 16, shard: 10_000, fileName: 4096 } as const;

const value = v.custom<AxisValue>(isAxisValue, 'a value must be JSON');
const axisSchema = v.union(
  [
    v.string(),
    v.strictObject({
      path: v.string(),
      values: v.pipe(v.array(value), v.minLength(1, 'an axis has at least one value')),
    }),
    v.strictObject({ path: v.string(), file: v.pipe(v.string(), v.maxLength(MOST.fileName)) }),
  ],
  'an axis is "layer=0-11", or has a path and values, or a path and a file with a text on each line',
);

const studySchema = v.strictObject(
  {
    format: v.literal('embedding-study', 'its format is not "embedding-study"'),
    version: v.literal(STUDY_VERSION, `its version is not ${STUDY_VERSION}: another release reads it`),
    model: v.exactOptional(v.string('the model must be text')),
    base: v.optional(v.looseObject({}, 'base must hold parameters of a map'), {}),
    vary: v.pipe(v.array(axisSchema, 'vary must be a list of axes'), v.maxLength(MOST.axes)),
    plane: v.optional(v.picklist(['shared', 'own'], 'plane must be shared or own'), 'own'),
    keep: v.optional(
      v.strictObject(
        {
          cells: v.optional(v.boolean(), true),
          regions: v.optional(v.boolean(), true),
          planes: v.optional(v.boolean(), true),
          boundaries: v.optional(v.boolean(), false),
        },
        'keep must say of cells, regions, planes and boundaries whether they are kept',
      ),
      {},
    ),
    shard: v.exactOptional(
      v.pipe(
        v.number('shard must be a number'),
        v.integer('shard must be a whole number'),
        v.minValue(1, 'a shard has at least one member'),
        v.maxValue(MOST.shard, `a shard has at most ${MOST.shard} members`),
      ),
    ),
  },
  'it is no study, or has something in it that studies do not have',
);

/** Text files that a study names for its axes. @throws Fault `bad-parameter` where it is no study. */
export const filesOf = (data: unknown): readonly string[] =>
  checked(data).vary.flatMap((axis) => (typeof axis === 'object' && 'file' in axis ? [axis.file] : []));

/**
 * Parses a study. `base` may leave out what is as by default, also within `plane` and `grid`.
 * @param texts the lines of {@link filesOf}, by name
 * @throws Fault `bad-parameter`, naming what is wrong. Members are checked when their turn comes.
 */
export function parseStudy(data: unknown, texts: ReadonlyMap<string, readonly string[]>): Study {
  const { model, base, vary, plane, keep: asked, shard } = checked(data);
  const { boundaries, ...kept } = asked;
  const keep: Study['keep'] = boundaries ? { ...kept, boundaries } : kept;
  const axes = mergeAxes(
    vary.map((axis): SeriesAxis => {
      if (typeof axis === 'string') return parseAxis(axis);
      const path = pathOf(axis.path);
      if ('values' in axis) return { path, values: axis.values };
      const lines = texts.get(axis.file) ?? [];
      if (lines.length === 0) throw wrong(`the file ${axis.file} has no text in it`);
      return { path, values: lines };
    }),
  );
  const whole = withDefaults(base);
  const study = { model, base: whole, vary: axes, plane, keep, shard: shard ?? defaultShard(whole) };
  const count = memberCount(study);
  if (count > MOST_MEMBERS) throw wrong(`it has ${count} members, and there can be at most ${MOST_MEMBERS}`);
  return study;
}

const defaultShard = ({ grid: { columns, rows } }: MapParameters): number =>
  Math.max(1, Math.min(DEFAULT_SHARD.members, Math.floor(DEFAULT_SHARD.cells / (columns * rows))));

/** A study as a file that needs no other: {@link parseStudy} gives it back. */
export const studyData = ({ model, base, vary, plane, keep, shard }: Study): object => ({
  format: 'embedding-study',
  version: STUDY_VERSION,
  ...(model === undefined ? {} : { model }),
  base,
  vary,
  plane,
  keep,
  shard,
});

function withDefaults(base: Readonly<Record<string, unknown>>): MapParameters {
  const unknown = Object.keys(base).find((name) => !Object.hasOwn(DEFAULT_PARAMETERS, name));
  if (unknown !== undefined) throw wrong(`its base has "${unknown.slice(0, 40)}", which no map has`);
  const over = (name: 'plane' | 'grid'): unknown => {
    const given = base[name];
    return typeof given === 'object' && given !== null ? { ...DEFAULT_PARAMETERS[name], ...given } : given;
  };
  return parseParameters({
    ...DEFAULT_PARAMETERS,
    ...base,
    plane: over('plane') ?? DEFAULT_PARAMETERS.plane,
    grid: over('grid') ?? DEFAULT_PARAMETERS.grid,
  });
}

function checked(data: unknown): v.InferOutput<typeof studySchema> {
  const result = v.safeParse(studySchema, data);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const place = v.getDotPath(issue);
  if (issue.type === 'strict_object' && place)
    throw wrong(
      issue.expected === 'never' ? `it has "${place.slice(0, 40)}", which studies do not have` : `it has no "${place}"`,
    );
  throw wrong(issue.message.startsWith('Invalid') ? `${place ?? 'it'}: ${issue.message}` : issue.message);
}

const wrong = (what: string): Fault =>
  new Fault({
    code: 'bad-parameter',
    message: `The study cannot be used: ${what}.`,
    hint: 'docs/studies.md has an example.',
  });

/** Shards of a study: ranges of member numbers, `first` to before `end`. */
export interface Shard {
  readonly number: number;
  readonly first: number;
  readonly end: number;
}

export const shardCount = (study: Study): number => Math.ceil(memberCount(study) / study.shard);

export const shardAt = (study: Study, number: number): Shard => ({
  number,
  first: number * study.shard,
  end: Math.min((number + 1) * study.shard, memberCount(study)),
});
