import { t } from '@vscode/l10n';
import { safeText } from './display.js';
import { interventionWords } from './interventionWords.js';
import {
  askedWords,
  axesWords,
  type AxisWords,
  axisWords,
  capital,
  contextWords,
  type KnownPlane,
  lengthsWords,
  overlayWords,
  READOUT_NAMES,
  translatorWords,
  vectorWords,
} from './naming.js';
import { formatCount, formatDuration, formatShort } from './numbers.js';
import type { MapSpecification } from './specification.js';
import type { ModelFacts, Runtime } from './tokenMap.js';

/** What a map was made with, as a list to read: sections of names and what they are. All are safe lines. */
export type Facts = readonly { readonly title: string; readonly lines: readonly (readonly [string, string])[] }[];

/** Of `runtime` and the plane as much as is known. */
export interface FactsSubject {
  readonly specification: MapSpecification;
  readonly facts: ModelFacts;
  readonly runtime?: Runtime | undefined;
  readonly known?: KnownPlane | undefined;
}

export function mapFacts({ specification, facts, runtime, known = {} }: FactsSubject): Facts {
  const { grid, model, layer, readout, context, interventions, plane } = specification;
  const { topK, adaptive, overlays } = specification;
  const { approximation } = runtime ?? {};
  const filled = approximation
    ? t(', {0} filled in', formatCount(approximation.filled))
    : adaptive
      ? runtime
        ? t(', adaptive: none filled in')
        : t(', adaptive')
      : '';
  const sample = plane.sample && t(' of {0} given texts', formatCount(plane.sample.length));
  return [
    {
      title: t('Model'),
      lines: [
        [t('Name'), safeText(model.name)],
        [t('File'), safeText(model.file)],
        [
          t('Size'),
          t(
            '{0} layers · {1} dimensions · {2} tokens',
            facts.blocks,
            formatCount(facts.hiddenSize),
            formatCount(facts.vocabularySize),
          ),
        ],
        [t('Weights'), `${facts.numberType} · ${model.sha256.slice(0, 12)}`],
      ],
    },
    {
      title: t('Layer & Readout'),
      lines: [
        [t('Layer'), layer === 'embeddings' ? t('Embeddings') : t('{0} of 0–{1}', layer, facts.blocks - 1)],
        [t('Readout'), READOUT_NAMES[readout]],
        ...line(
          specification.translator,
          t('Translator'),
          specification.translator ? translatorWords(specification.translator) : '',
        ),
        [t('Context'), capital(contextWords(context))],
      ],
    },
    ...section(
      t('Interventions'),
      interventions.map((one, i) => [String(i + 1), capital(interventionWords(one))] as const),
    ),
    {
      title: t('Plane'),
      lines: [
        [t('Method'), capital(axesWords(plane.axes))],
        [t('x axis'), axisLine(axisWords(plane, 'x', known))],
        [t('y axis'), axisLine(axisWords(plane, 'y', known))],
        [t('Center'), capital(vectorWords(plane.center, 80))],
        [t('Lengths'), capital(lengthsWords(plane.lengths, known))],
        ...line(runtime?.ownPlane, t('Series'), t('Own plane, not that of the other maps')),
        ...line(plane.orthogonal, t('Orthogonal'), t('v made orthogonal to u')),
        ...line(sample, t('Typical norm'), t('Median{0}', sample ?? '')),
      ],
    },
    {
      title: t('Grid'),
      lines: [
        [t('Middle'), `(${grid.center.map(formatShort).join(', ')})`],
        [t('Spacing'), formatShort(grid.spacing)],
        [t('Cells'), `${formatCount(grid.columns)} × ${formatCount(grid.rows)}${filled}`],
        [t('Top tokens'), String(topK)],
      ],
    },
    ...section(
      t('Question & Mask'),
      askedWords(specification).map(([name, words]) => [capital(name), capital(words)] as const),
    ),
    ...section(
      t('Overlays'),
      overlays.map((overlay, i) => [String(i + 1), capital(overlayWords(overlay))] as const),
    ),
    ...(runtime ? [{ title: t('Computed'), lines: computedLines(runtime) }] : []),
  ];
}

const line = (told: unknown, name: string, words: string): (readonly [string, string])[] =>
  told ? [[name, words]] : [];

const section = (title: string, lines: readonly (readonly [string, string])[]): Facts =>
  lines.length > 0 ? [{ title, lines }] : [];

const axisLine = ({ name, vector, notes }: AxisWords): string =>
  capital([name, ...(vector === undefined ? [] : [vector]), ...notes].join(', '));

function computedLines({ finished, device, seconds, version, batchSize }: Runtime): (readonly [string, string])[] {
  const date = new Date(finished);
  return [
    [
      t('Date'),
      Number.isNaN(date.getTime())
        ? safeText(finished)
        : date.toLocaleString('en-US', { dateStyle: 'medium', timeStyle: 'short' }),
    ],
    [t('Device'), t('{0}, batch {1}', safeText(device).toUpperCase(), formatCount(batchSize))],
    [t('Time'), formatDuration(seconds)],
    [t('Version'), safeText(version)],
  ];
}
