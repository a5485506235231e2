import { formatCount, formatDuration, formatFixed } from '../../src/map/numbers.js';
import type { StudyState } from '../../src/protocol/studyPage.js';

/** Bytes as people read them: `0.4 MB`, `8.5 GB`. */
export function bytesWords(bytes: number): string {
  const [amount, unit, least] = bytes < 1e9 ? [bytes / 1e6, 'MB', 10] : [bytes / 1e9, 'GB', 100];
  return `${formatFixed(amount, amount < least ? 1 : 0)} ${unit}`;
}

/** How far a study is. */
export function stateWords({ plan, run, there, failed, changed, folder }: StudyState): string {
  if (!plan) return '';
  const { members } = plan;
  if (run.status === 'running') {
    const parts = [
      `${formatCount(run.done)} of ${formatCount(run.members)} maps`,
      ...(run.failed > 0 ? [`${formatCount(run.failed)} failed`] : []),
      ...(run.stopping ? ['stopping'] : run.secondsLeft === null ? [] : [`${formatDuration(run.secondsLeft)} left`]),
      ...(run.memory === null ? [] : [`${bytesWords(run.memory)} of memory`]),
    ];
    return parts.join(' · ');
  }
  const bad = failed !== null && failed > 0 ? `, ${formatCount(failed)} of them as a fault` : '';
  if (changed) return `${formatCount(members)} maps; ${folder} holds those of the study before it was changed`;
  if (there === null) return `${formatCount(members)} maps, none computed yet`;
  return there === members
    ? `All ${formatCount(members)} maps are there${bad}`
    : `${formatCount(there)} of ${formatCount(members)} maps are there`;
}

const eachWords = (seconds: number): string =>
  seconds < 0.5 ? `${formatCount(1 / Math.max(seconds, 1e-4))} maps a second` : `${formatDuration(seconds)} each`;

/** What it takes, in the words of the plan. */
export function costWords({ cost }: StudyState): readonly (readonly [string, string])[] {
  if (cost.status !== 'known') return [];
  return [
    ['Time', `about ${formatDuration(cost.seconds)} here, ${eachWords(cost.secondsEach)}`],
    ['Memory', cost.memory === null ? 'not known' : `about ${bytesWords(cost.memory)} for the engine`],
    ['Files', `${formatCount(cost.files)}, at most ${bytesWords(cost.bytes)}`],
  ];
}
