import * as v from 'valibot';
import { canonical } from '../map/dependence.js';
import { TOKEN_SLOTS } from '../map/colors.js';
import { interventionSchema } from '../map/interventions.js';
import { displaySchema } from '../map/mapDisplay.js';
import { type AxisValue, isAxisValue } from '../map/series/series.js';
import { checkParameters, LIMITS } from '../map/specification.js';
import { ANCHORS } from '../map/useAs.js';
import { promptSchema, tokenName } from '../map/vectorSource.js';
import { DEVICES } from '../protocol/engine.js';
import {
  FEATURE_USES,
  FILE_CONTENTS,
  type KeptPanel,
  MOST_TEXTS,
  PAGE_ACTIONS,
  type PageMessage,
  SLOTS,
} from '../protocol/page.js';
import { type Comparison, type MapSettings, MOST_BESIDE, type PanelSettings } from '../protocol/panelSettings.js';

/** The page's messages and what it kept are checked here: a page is not trusted more than its content. */

const parameters = v.pipe(
  v.unknown(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const checked = checkParameters(dataset.value);
    if ('parameters' in checked) return checked.parameters;
    addIssue({ message: checked.faults[0]?.message ?? 'wrong parameters' });
    return NEVER;
  }),
);
const runSettings = {
  parameters,
  device: v.picklist(DEVICES),
  batchSize: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LIMITS.batch)),
};
const finite = v.pipe(v.number(), v.finite());
const view = v.omit(displaySchema, ['tokenColors']);
const path = v.pipe(v.string(), v.minLength(1), v.maxLength(32_768));

const coordinate = v.pipe(v.number(), v.finite());
const slot = v.picklist(SLOTS);
const mapId = v.pipe(v.number(), v.integer());
const featureOrPosition = v.pipe(v.number(), v.integer(), v.minValue(0));
const place = { slot, map: mapId, x: coordinate, y: coordinate };

const listed = v.pipe(
  v.array(v.object({ on: v.boolean(), intervention: interventionSchema })),
  v.maxLength(LIMITS.interventions),
);

const edited = {
  step: v.exactOptional(v.boolean()),
  number: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1))),
};

const pageMessage = v.variant('type', [
  v.object({ type: v.literal('ready'), view: v.nullable(view) }),
  v.object({ type: v.literal('drawn') }),
  v.object({
    type: v.literal('edit'),
    path: v.pipe(v.string(), v.maxLength(200)),
    value: v.unknown(),
    ...edited,
  }),
  v.object({
    type: v.literal('chooseFile'),
    path: v.pipe(v.string(), v.maxLength(200)),
    content: v.picklist(FILE_CONTENTS),
  }),
  v.object({ type: v.literal('interventions'), list: listed, ...edited }),
  v.object({ type: v.literal('model'), path }),
  v.object({
    type: v.picklist(['compareTranslator', 'lensTranslator']),
    readout: v.picklist(['tuned', 'jacobian']),
  }),
  v.object({
    type: v.picklist(['chooseModel', 'retryModel', 'chooseSavedMap', 'swap', 'undo', 'redo', 'betweenBoundaries']),
  }),
  v.object({ type: v.picklist(['generate', 'cancel', 'resume', 'dismissFault']) }),
  v.object({ type: v.literal('view'), view }),
  v.object({ type: v.literal('live'), live: v.nullable(v.boolean()) }),
  v.object({
    type: v.literal('window'),
    slot,
    map: mapId,
    grid: v.nullable(v.object({ spacing: finite, center: v.tuple([finite, finite]) })),
    refine: v.boolean(),
  }),
  v.object({
    type: v.literal('tokenColors'),
    slots: v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(TOKEN_SLOTS - 1))),
  }),
  v.object({ type: v.literal('copy'), text: v.pipe(v.string(), v.maxLength(1_000_000)) }),
  v.object({ type: v.literal('action'), action: v.picklist(PAGE_ACTIONS) }),
  v.object({ type: v.literal('point'), ...place }),
  v.object({ type: v.literal('boundaries'), slot, map: mapId }),
  v.object({
    type: v.literal('features'),
    slot,
    map: mapId,
    of: v.union([v.object({ position: featureOrPosition }), v.object({ x: coordinate, y: coordinate })]),
  }),
  v.object({
    type: v.literal('feature'),
    slot,
    map: mapId,
    feature: featureOrPosition,
    to: v.picklist(FEATURE_USES),
  }),
  v.object({ type: v.literal('divergences'), maps: v.nullable(v.tuple([mapId, mapId])) }),
  v.object({
    type: v.literal('continue'),
    from: v.nullable(
      v.object({
        slot,
        map: mapId,
        points: v.pipe(
          v.array(v.object({ name: v.pipe(v.string(), v.maxLength(20)), x: coordinate, y: coordinate })),
          v.minLength(1),
          v.maxLength(MOST_TEXTS),
        ),
        sampling: v.nullable(v.object({ temperature: finite, topP: finite, seed: finite })),
      }),
    ),
  }),
  v.object({ type: v.literal('vector'), ...place, to: v.picklist(['clipboard', 'file', ...ANCHORS]) }),
  v.object({ type: v.literal('mistake'), message: v.pipe(v.string(), v.maxLength(20_000)) }),
]);

/** A message of the page, or why it is none. */
export function readPageMessage(data: unknown): { message: PageMessage } | { problem: string } {
  const result = v.safeParse(pageMessage, data);
  if (result.success) return { message: result.output };
  const [issue] = result.issues;
  return { problem: `${v.getDotPath(issue) ?? 'message'}: ${issue.message}` };
}

const compare = v.variant('kind', [
  v.object({
    kind: v.literal('computed'),
    path: v.pipe(v.string(), v.maxLength(200)),
    value: v.custom<AxisValue>((value) => isAxisValue(value)),
    plane: v.picklist(['shared', 'own']),
  }),
  v.object({ kind: v.literal('saved'), file: path }),
]);
/** What a map is compared with, as it came; null: nothing, or nothing that makes sense. */
export function readComparison(data: unknown): Comparison | null {
  const result = v.safeParse(compare, data);
  return result.success ? result.output : null;
}

const lens = v.object({
  prompt: promptSchema,
  token: v.nullable(tokenName),
  beside: v.optional(v.pipe(v.array(path), v.maxLength(MOST_BESIDE)), () => []),
});
const point = v.object({ x: coordinate, y: coordinate });
const profile = v.pipe(
  v.object({ from: point, to: point }),
  v.check(({ from, to }) => from.x !== to.x || from.y !== to.y, 'a line has two ends'),
);
const settings = v.object({
  modelPath: v.nullable(path),
  ...runSettings,
  // Panels that an earlier version kept show one map.
  compare: v.optional(v.nullable(compare), null),
  sweep: v.optional(v.boolean(), false),
  lens: v.optional(v.nullable(lens), null),
  profile: v.optional(v.nullable(profile), null),
  sae: v.optional(v.nullable(path), null),
  shelf: v.optional(listed, () => []),
});
const keptPanel = v.object({
  version: v.literal(1),
  key: v.pipe(v.string(), v.uuid()),
  settings,
  running: v.boolean(),
});

/** Settings that came of a change, or what is wrong with them. */
export function readSettings(data: unknown): { settings: PanelSettings } | { problem: string } {
  const result = v.safeParse(settings, data);
  if (result.success) return { settings: result.output };
  return { problem: result.issues[0].message };
}

/** What a page kept over a reload of the window, or undefined where it cannot be read (an older version wrote it). */
export function readKept(state: unknown): KeptPanel | undefined {
  const result = v.safeParse(v.object({ keep: keptPanel }), state);
  return result.success ? result.output.keep : undefined;
}

/** Whether two settings are equal, whatever order their keys stand in. */
export const sameSettings = (a: MapSettings, b: MapSettings): boolean => canonical(a) === canonical(b);
