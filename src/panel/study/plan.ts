import { t } from '@vscode/l10n';
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
      [t('Model'), safeText(study.model ?? t('the model that comes with Embedding Grid'), 200)],
      [t('Each map'), t('{0} × {1} cells, {2} tokens each', formatCount(columns), formatCount(rows), base.topK)],
      [
        t('Base'),
        safeText(
          [
            ...(varies('layer') ? [] : [base.layer === 'last' ? t('the last layer') : layerWords(base.layer)]),
            ...(varies('readout') ? [] : [READOUT_NAMES[base.readout]]),
            planeWords(base.plane),
          ].join('; '),
          300,
        ),
      ],
      [t('Plane'), study.plane === 'shared' ? t('that of the base, for all') : t('each map’s own')],
      [t('Kept'), ['statistics', ...kept].join(', ')],
      [t('Shards'), t('{0}, of up to {1} maps', formatCount(shardCount(study)), formatCount(study.shard))],
    ],
  };
}
