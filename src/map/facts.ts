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
    ? `, ${formatCount(approximation.filled)} filled in`
    : adaptive
      ? runtime
        ? ', adaptive: none filled in'
        : ', adaptive'
      : '';
  const sample = plane.sample && ` of ${formatCount(plane.sample.length)} given texts`;
  return [
    {
      title: 'Model',
      lines: [
        ['Name', safeText(model.name)],
        ['File', safeText(model.file)],
        [
          'Size',
          `${facts.blocks} layers · ${formatCount(facts.hiddenSize)} dimensions · ${formatCount(facts.vocabularySize)} tokens`,
        ],
        ['Weights', `${facts.numberType} · ${model.sha256.slice(0, 12)}`],
      ],
    },
    {
      title: 'Layer & Readout',
      lines: [
        ['Layer', layer === 'embeddings' ? 'Embeddings' : `${layer} of 0–${facts.blocks - 1}`],
        ['Readout', READOUT_NAMES[readout]],
        ...line(
          specification.translator,
          'Translator',
          specification.translator ? translatorWords(specification.translator) : '',
        ),
        ['Context', capital(contextWords(context))],
      ],
    },
    ...section(
      'Interventions',
      interventions.map((one, i) => [String(i + 1), capital(interventionWords(one))] as const),
    ),
    {
      title: 'Plane',
      lines: [
        ['Method', capital(axesWords(plane.axes))],
        ['x axis', axisLine(axisWords(plane, 'x', known))],
        ['y axis', axisLine(axisWords(plane, 'y', known))],
        ['Center', capital(vectorWords(plane.center, 80))],
        ['Lengths', capital(lengthsWords(plane.lengths, known))],
        ...line(runtime?.ownPlane, 'Series', 'Own plane, not that of the other maps'),
        ...line(plane.orthogonal, 'Orthogonal', 'v made orthogonal to u'),
        ...line(sample, 'Typical norm', `Median${sample ?? ''}`),
      ],
    },
    {
      title: 'Grid',
      lines: [
        ['Middle', `(${grid.center.map(formatShort).join(', ')})`],
        ['Spacing', formatShort(grid.spacing)],
        ['Cells', `${formatCount(grid.columns)} × ${formatCount(grid.rows)}${filled}`],
        ['Top tokens', String(topK)],
      ],
    },
    ...section(
      'Question & Mask',
      askedWords(specification).map(([name, words]) => [capital(name), capital(words)] as const),
    ),
    ...section(
      'Overlays',
      overlays.map((overlay, i) => [String(i + 1), capital(overlayWords(overlay))] as const),
    ),
    ...(runtime ? [{ title: 'Computed', lines: computedLines(runtime) }] : []),
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
      'Date',
      Number.isNaN(date.getTime())
        ? safeText(finished)
        : date.toLocaleString('en-US', { dateStyle: 'medium', timeStyle: 'short' }),
    ],
    ['Device', `${safeText(device).toUpperCase()}, batch ${formatCount(batchSize)}`],
    ['Time', formatDuration(seconds)],
    ['Version', safeText(version)],
  ];
}
