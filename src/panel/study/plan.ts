import { safeText } from '../../map/display.js';
import { layerWords, planeWords, READOUT_NAMES } from '../../map/naming.js';
import { formatCount } from '../../map/numbers.js';
import { axisName, memberCount, valueText } from '../../map/series/series.js';
import { shardCount, type Study } from '../../map/series/study.js';
import type { StudyPlan } from '../../protocol/studyPage.js';

/** Values of an axis that are shown. */
const SHOWN = 8;

/** A study in words. */
export function planOf(study: Study): StudyPlan {
  const { base, keep, vary } = study;
  const { columns, rows } = base.grid;
  const varies = (path: string): boolean => vary.some((axis) => axis.path === path);
  const kept = Object.entries(keep).flatMap(([name, is]) => (is ? [name] : []));
  return {
    members: memberCount(study),
    shards: shardCount(study),
    axes: vary.map(({ path, values }) => ({
      name: safeText(axisName(path), 60),
      count: values.length,
      values: values.slice(0, SHOWN).map((value) => safeText(valueText(value), 60)),
    })),
    facts: [
      ['Model', safeText(study.model ?? 'the model that comes with Embedding Grid', 200)],
      ['Each map', `${formatCount(columns)} × ${formatCount(rows)} cells, ${base.topK} tokens each`],
      [
        'Base',
        safeText(
          [
            ...(varies('layer') ? [] : [base.layer === 'last' ? 'the last layer' : layerWords(base.layer)]),
            ...(varies('readout') ? [] : [READOUT_NAMES[base.readout]]),
            planeWords(base.plane),
          ].join('; '),
          300,
        ),
      ],
      ['Plane', study.plane === 'shared' ? 'that of the base, for all' : 'each map’s own'],
      ['Kept', ['statistics', ...kept].join(', ')],
      ['Shards', `${formatCount(shardCount(study))}, of up to ${formatCount(study.shard)} maps`],
    ],
  };
}
