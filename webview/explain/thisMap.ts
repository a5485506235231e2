import { layerWords, planeWords, promptWords, questionWords } from '../../src/map/naming.js';
import { formatCount } from '../../src/map/numbers.js';
import { contextOf, type MapSpecification } from '../../src/map/specification.js';
import type { PageMap } from '../pageMap.js';
import type { UiState } from '../uiState.js';

const COLORS: Readonly<Record<UiState['colorBy'], string>> = {
  probability: 'darker is more probable',
  token: 'each token has a color of its own, darker where it is more probable',
  margin: 'darker is a larger margin: how far the first token is ahead of the second',
  entropy: 'darker is less entropy: the model hesitates less',
  question: 'the answer to the question',
};

/** What the model does with the vector of each cell. */
function experiment({ layer, readout, ...rest }: MapSpecification): string {
  const context = contextOf(rest);
  const where =
    context.kind === 'none'
      ? 'at a position that sees itself alone'
      : context.kind === 'bos'
        ? 'at the position behind BOS'
        : `at ${context.position === undefined || context.position === -1 ? 'the last token' : 'one token'} of ${promptWords(context)}, whose other positions keep their own values`;
  const then =
    readout === 'forward'
      ? 'the model goes on from there'
      : readout === 'unembed'
        ? 'it is multiplied with the head’s rows'
        : `the ${readout === 'lens' ? 'logit' : readout === 'tuned' ? 'tuned' : 'Jacobian'} lens reads it at once`;
  return `a vector takes the place of the output of ${layerWords(layer)}, ${where}, and ${then}`;
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
      'Cells',
      `Each of the ${count} cells is one experiment: ${experiment(specification)}. The token is the model’s answer.`,
    ],
    ['Plane', `${planeWords(plane)}: every point is h = c + x u + y v. Another plane is another map.`],
    ['Colors', `${told.charAt(0).toUpperCase()}${told.slice(1)}. The bar says the range; a click on it fits the map.`],
    [
      'Borders',
      finish?.regions
        ? 'Where the winner changes, exactly: computed as polygons, not read off the cells.'
        : 'Where the winner changes from cell to cell.',
    ],
    ...(anchors && ui.marks
      ? ([
          ['A, B, C', 'The hidden states that the plane was laid through. Between them no text has ever been.'],
        ] as const)
      : []),
    ...(survey?.norms && ui.ring
      ? ([
          [
            'Rings',
            'The ring is the layer’s typical norm; between the dashed rings lie nine of ten real states. Far outside, the map is not about text.',
          ],
        ] as const)
      : []),
    [
      'What it does not show',
      'A large region is not an important one: area depends on the plane and on the spacing. Where the margin is small, the second token is as good an answer.',
    ],
  ];
}
