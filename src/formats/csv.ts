import { answersEach } from '../map/questions.js';
import { coordinates } from '../map/grid.js';
import { margin, type TokenMap } from '../map/tokenMap.js';
import { float32Text } from './float32.js';
import { csvText } from './jsonText.js';

const HEADER = [
  'row',
  'column',
  'x',
  'y',
  'token_id',
  'token',
  'token_kind',
  'probability',
  'second_token_id',
  'second_token',
  'second_probability',
  'margin',
  'entropy_nats',
];

/** Columns of answers: `answer`, `answer_2`, ... */
const answerNames = (each: number): string[] =>
  Array.from({ length: each }, (_, q) => (q === 0 ? 'answer' : `answer_${q + 1}`));

/**
 * A map as CSV (RFC 4180, UTF-8, a header, lines end with CR LF): a line per cell that is there, row by row from the smallest y.
 * Tokens are JSON strings with their quotation marks, `" Paris"`: leading spaces stay visible, no token spans lines, none
 * is taken for a formula by a spreadsheet (a field never begins with `=`, `+`, `@` or a tab), and each can be had back
 * exactly: `df.token.map(json.loads)`. A map that was asked questions has a column of answers to each; an adaptive one says
 * last which cells were filled in (1) and which computed (0).
 */
export function toCsv(map: TokenMap): Uint8Array {
  const { cells, tokens } = map;
  const { columns, rows, topK } = cells;
  const { xs, ys } = coordinates(map.specification.grid);
  const texts = new Map<number, string>();
  const text = (id: number): string => {
    let known = texts.get(id);
    if (known === undefined) texts.set(id, (known = csvText(tokens.get(id)?.text ?? `#${id}`)));
    return known;
  };
  const { answers, filled } = cells;
  const each = answersEach(cells);
  const header = [...HEADER, ...answerNames(each), ...(filled ? ['filled_in'] : [])];
  const lines: Buffer[] = [Buffer.from(`${header.join(',')}\r\n`)];
  for (let row = 0; row < rows; row++) {
    let line = '';
    for (let column = 0; column < columns; column++) {
      const cell = row * columns + column;
      if (!cells.computed[cell]) continue;
      const at = cell * topK;
      const [id = 0, second = 0] = cells.ids.subarray(at, at + 2);
      const [probability = 0, secondProbability = 0] = cells.probabilities.subarray(at, at + 2);
      const fields = [
        row,
        column,
        xs[column],
        ys[row],
        id,
        text(id),
        tokens.get(id)?.kind ?? 'unknown',
        float32Text(probability),
        second,
        text(second),
        float32Text(secondProbability),
        float32Text(Math.fround(margin(cells, cell))),
        float32Text(cells.entropy[cell] ?? 0),
        ...Array.from({ length: each }, (_, q) => float32Text(answers?.[cell * each + q] ?? NaN)),
        ...(filled ? [filled[cell]] : []),
      ];
      line += `${fields.join(',')}\r\n`;
    }
    lines.push(Buffer.from(line));
  }
  return Buffer.concat(lines);
}
