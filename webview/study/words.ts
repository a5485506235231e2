import { t } from '@vscode/l10n';
import { formatCount, formatDuration, formatFixed } from '../../src/map/numbers.js';
import type { StudyState } from '../../src/protocol/studyPage.js';

/** Bytes as people read them: `0.4 MB`, `8.5 GB`. */
function bytesWords(bytes: number): string {
  const [amount, unit, least] = bytes < 1e9 ? [bytes / 1e6, 'MB', 10] : [bytes / 1e9, 'GB', 100];
  return `${formatFixed(amount, amount < least ? 1 : 0)} ${unit}`;
}

/** How far a study is. */
export function stateWords({ plan, run, there, failed, changed, folder }: StudyState): string {
  if (!plan) return '';
  const { members } = plan;
  if (run.status === 'running') {
    const parts = [
      t('{0} of {1} maps', formatCount(run.done), formatCount(run.members)),
      ...(run.failed > 0 ? [t('{0} failed', formatCount(run.failed))] : []),
      ...(run.stopping
        ? [t('stopping')]
        : run.secondsLeft === null
          ? []
          : [t('{0} left', formatDuration(run.secondsLeft))]),
      ...(run.memory === null ? [] : [t('{0} of memory', bytesWords(run.memory))]),
    ];
    return parts.join(' · ');
  }
  const bad = failed !== null && failed > 0 ? t(', {0} of them as a fault', formatCount(failed)) : '';
  if (changed) return t('{0} maps; {1} holds those of the study before it was changed', formatCount(members), folder);
  if (there === null) return t('{0} maps, none computed yet', formatCount(members));
  return there === members
    ? t('All {0} maps are there{1}', formatCount(members), bad)
    : t('{0} of {1} maps are there', formatCount(there), formatCount(members));
}

const eachWords = (seconds: number): string =>
  seconds < 0.5
    ? t('{0} maps a second', formatCount(1 / Math.max(seconds, 1e-4)))
    : t('{0} each', formatDuration(seconds));

/** What it takes, in the words of the plan. */
export function costWords({ cost }: StudyState): readonly (readonly [string, string])[] {
  if (cost.status !== 'known') return [];
  return [
    [t('Time'), t('about {0} here, {1}', formatDuration(cost.seconds), eachWords(cost.secondsEach))],
    [t('Memory'), cost.memory === null ? t('not known') : t('about {0} for the engine', bytesWords(cost.memory))],
    [t('Files'), t('{0}, at most {1}', formatCount(cost.files), bytesWords(cost.bytes))],
  ];
}
