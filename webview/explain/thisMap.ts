import { t } from '@vscode/l10n';
import { capital, layerWords, planeWords, promptWords, questionWords } from '../../src/map/naming.js';
import { formatCount } from '../../src/map/numbers.js';
import { contextOf, type MapSpecification } from '../../src/map/specification.js';
import type { PageMap } from '../pageMap.js';
import type { UiState } from '../uiState.js';

const COLORS: Readonly<Record<UiState['colorBy'], string>> = {
  probability: t('darker is more probable'),
  token: t('each token has a color of its own, darker where it is more probable'),
  margin: t('darker is a larger margin: how far the first token is ahead of the second'),
  entropy: t('darker is less entropy: the model hesitates less'),
  question: t('the answer to the question'),
};

/** What the model does with the vector of each cell. */
function experiment({ layer, readout, ...rest }: MapSpecification): string {
  const context = contextOf(rest);
  const where =
    context.kind === 'none'
      ? t('at a position that sees itself alone')
      : context.kind === 'bos'
        ? t('at the position behind BOS')
        : t(
            'at {0} of {1}, whose other positions keep their own values',
            context.position === undefined || context.position === -1 ? t('the last token') : t('one token'),
            promptWords(context),
          );
  const then =
    readout === 'forward'
      ? t('the model goes on from there')
      : readout === 'unembed'
        ? t('it is multiplied with the head’s rows')
        : readout === 'lens'
          ? t('the logit lens reads it at once')
          : readout === 'tuned'
            ? t('the tuned lens reads it at once')
            : t('the Jacobian lens reads it at once');
  return t('a vector takes the place of the output of {0}, {1}, and {2}', layerWords(layer), where, then);
}

/** What this map shows, in sentences: a name and what it is. */
export function mapSentences(
  { specification, cells, finish, survey }: PageMap,
  ui: Pick<UiState, 'colorBy' | 'ring' | 'marks'>,
): readonly (readonly [name: string, text: string])[] {
  const { plane, question } = specification;
  const count = formatCount(cells.columns * cells.rows);
  const told = ui.colorBy === 'question' && question ? questionWords(question) : COLORS[ui.colorBy];
  const anchors = (survey?.marks ?? []).some(({ kind }) => kind === 'anchor');
  return [
    [
      t('Cells'),
      t(
        'Each of the {0} cells is one experiment: {1}. The token is the model’s answer.',
        count,
        experiment(specification),
      ),
    ],
    [t('Plane'), t('{0}: every point is h = c + x u + y v. Another plane is another map.', planeWords(plane))],
    [t('Colors'), t('{0}. The bar says the range; a click on it fits the map.', capital(told))],
    [
      t('Borders'),
      finish?.regions
        ? t('Where the winner changes, exactly: computed as polygons, not read off the cells.')
        : t('Where the winner changes from cell to cell.'),
    ],
    ...(anchors && ui.marks
      ? ([
          ['A, B, C', t('The hidden states that the plane was laid through. Between them no text has ever been.')],
        ] as const)
      : []),
    ...(survey?.norms && ui.ring
      ? ([
          [
            t('Rings'),
            t(
              'The ring is the layer’s typical norm; between the dashed rings lie nine of ten real states. Far outside, the map is not about text.',
            ),
          ],
        ] as const)
      : []),
    [
      t('What it does not show'),
      t(
        'A large region is not an important one: area depends on the plane and on the spacing. Where the margin is small, the second token is as good an answer.',
      ),
    ],
  ];
}
