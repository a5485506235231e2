import Papa from 'papaparse';
import { Fault } from '../map/fault.js';
import { LIMITS } from '../map/limits.js';
import type { TextTable } from '../map/textPoints.js';

/** Columns of a table that are read; the first must be there. */
const COLUMNS = ['text', 'label', 'color', 'shape'] as const;
/** Letters that a label, a color or a shape may have. */
const LONGEST = 100;

/** Whether a file's name says that it is a table. */
export const isTable = (name: string): boolean => /\.(csv|tsv)$/i.test(name);

/**
 * Texts with what is known of each, from CSV or TSV (RFC 4180, UTF-8) with a header: a column `text` and, where they are there, `label`,
 * `color` and `shape`. Other columns are passed over, and lines without a text.
 * @throws Fault `file` naming the file and, where there is one, the line.
 */
export function readTextTable(name: string, bytes: Uint8Array): TextTable {
  const refused = (why: string): Fault =>
    new Fault({
      code: 'file',
      message: `The table ${name} cannot be read: ${why}.`,
      hint: 'Give a CSV file in UTF-8 whose first line names the columns: text, and label, color or shape where there are any.',
    });
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refused('it is no text in UTF-8');
  }
  // One record more than can be taken tells that there are too many.
  const { data, errors } = Papa.parse<string[]>(text, { preview: LIMITS.texts + 2, skipEmptyLines: 'greedy' });
  const broken = errors.find(({ type }) => type === 'Quotes');
  if (broken) throw refused(`the quotation marks of record ${(broken.row ?? 0) + 1} do not match`);
  const [header = [], ...records] = data;
  const names = header.map((one) => one.trim().toLowerCase());
  const [texts, labels, colors, shapes] = COLUMNS.map((column) => names.indexOf(column));
  if (texts === undefined || texts < 0) throw refused('it has no column "text"');
  if (records.length > LIMITS.texts) throw refused(`it has more than ${LIMITS.texts} texts`);
  // A text that holds the delimiter and stands in no quotation marks would be cut off.
  const wide = records.findIndex((record) => record.slice(header.length).some((field) => field.trim() !== ''));
  if (wide >= 0)
    throw refused(
      `record ${wide + 2} has more fields than the first line has names, as where a text with a comma stands in no quotation marks`,
    );
  const kept = records
    .map((record, i) => ({ record, line: i + 2 }))
    .filter(({ record }) => (record[texts] ?? '').trim() !== '');
  if (kept.length === 0) throw refused('it holds no text');
  const column = (at: number | undefined, what: string): readonly string[] | undefined => {
    if (at === undefined || at < 0) return undefined;
    const values = kept.map(({ record, line }) => {
      const value = (record[at] ?? '').trim();
      if (value.length > LONGEST) throw refused(`the ${what} of record ${line} is longer than ${LONGEST} letters`);
      return value;
    });
    // A column that is only named tells nothing: the file is as one without it.
    return values.some((value) => value !== '') ? values : undefined;
  };
  const [label, color, shape] = [column(labels, 'label'), column(colors, 'color'), column(shapes, 'shape')];
  return {
    texts: kept.map(({ record }) => record[texts] ?? ''),
    ...(label ? { labels: label } : {}),
    ...(color ? { colors: color } : {}),
    ...(shape ? { shapes: shape } : {}),
  };
}
