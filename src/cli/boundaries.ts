import { listVectors, readVector, withFile } from '../formats/vectorFile.js';
import {
  BOUNDARY_LIMITS,
  type BoundaryQuestion,
  CURVE_QUESTION,
  DEFAULT_QUESTION,
  type DirectionSet,
  flipSpread,
  parseQuestion,
} from '../map/boundaries/directions.js';
import { safeText, tokenText } from '../map/display.js';
import { type FlagValues, parametersFromFlags } from '../map/flags.js';
import { parseTokens } from '../map/flags/tokenNames.js';
import { vectorWords } from '../map/naming.js';
import { formatPercent, formatShort, parseNumber } from '../map/numbers.js';
import type { MapParameters, ModelReference } from '../map/specification.js';
import { encodeVector } from '../map/vector.js';
import type { StateBoundaries } from '../protocol/boundaries.js';
import { curveAsked, printCurve } from './boundaryCurve.js';
import { bad, type ComputingChoices } from './computing.js';
import { figureAsked } from './outputFigure.js';
import { linesAsked, printLines } from './outputLine.js';
import { isFile, readFlagFiles, readTexts, vectorPlace } from './flagFiles.js';
import { type ModelAsked, openAsked } from './openAsked.js';
import type { Output } from './progress.js';

export interface BoundariesCommand extends ComputingChoices, ModelAsked {
  readonly kind: 'boundaries';
  readonly map: FlagValues;
  /** Those of `BOUNDARY_FLAGS`. */
  readonly question: FlagValues;
}

/** `embedding-grid boundaries`: prints how far a state is from the boundaries of what the model says there. @throws Fault. */
export async function boundaries(
  command: BoundariesCommand,
  out: Output,
  err: Output,
  signal: AbortSignal,
): Promise<void> {
  const { map, question: given, batchSize } = command;
  const parameters = parametersFromFlags(map, undefined, await readFlagFiles(map));
  const question = await questionOf(given, given.curve === undefined ? DEFAULT_QUESTION : CURVE_QUESTION);
  const curve = given.curve === undefined ? undefined : await curveAsked(given, parameters);
  const lines = linesAsked(given, parameters);
  if (curve && lines) throw bad('--curve and --line exclude each other.', 'Give one of them.');
  if (!curve && given.states !== undefined) throw bad('--states needs --curve.', 'Add --curve.');
  const figure = figureAsked(given);
  if (figure !== undefined && !curve && !lines) throw bad('--figure needs --curve or --line.', 'Add one of them.');
  const { engine, description } = await openAsked(command, err, signal);
  try {
    if (curve)
      return await printCurve(
        { engine, description },
        { ...curve, parameters, question, batchSize, json: given.json !== undefined },
        { out, err, signal },
      );
    if (lines)
      return await printLines(
        { engine, description },
        { lines, parameters, batchSize, figure, json: given.json !== undefined },
        { out, err, signal },
      );
    const told = await engine.call('boundaries', { ...question, parameters, batchSize }, { signal });
    const { reference } = description;
    out.write(
      given.json === undefined
        ? report(told, question, parameters, reference)
        : `${JSON.stringify({ model: reference, parameters, question, ...told }, plainArrays, 2)}\n`,
    );
  } finally {
    await engine.dispose();
  }
}

const plainArrays = (_: string, value: unknown): unknown => (value instanceof Float32Array ? [...value] : value);

async function questionOf(given: FlagValues, usual: BoundaryQuestion): Promise<BoundaryQuestion> {
  const single = (name: string): string | undefined => {
    const value = given[name];
    return typeof value === 'string' ? value : undefined;
  };
  const number = (name: string, usual: number): number => parseNumber(single(name) ?? `${usual}`);
  const seed = number('directions-seed', 0);
  const directions: DirectionSet[] = [];
  if (given.axes !== undefined) directions.push({ kind: 'axes' });
  if (given.random !== undefined) directions.push({ kind: 'random', count: number('random', 0), seed });
  if (given.covariance !== undefined) {
    const file = single('covariance-texts');
    const texts = file === undefined ? null : await readTexts(file);
    directions.push({ kind: 'covariance', count: number('covariance', 0), seed, texts });
  } else if (given['covariance-texts'] !== undefined)
    throw bad('--covariance-texts needs --covariance.', 'Add --covariance N.');
  const file = single('toward-texts');
  const texts = [
    ...(Array.isArray(given.toward) ? (given.toward as readonly string[]) : []),
    ...(file === undefined ? [] : await readTexts(file)),
  ];
  for (const text of texts) directions.push({ kind: 'toward', source: { kind: 'prompt', text } });
  const tokens = single('toward-token');
  for (const token of tokens === undefined ? [] : parseTokens(tokens))
    directions.push({ kind: 'toward', source: { kind: 'row', matrix: 'unembedding', token } });
  const vectors = single('toward-vectors');
  if (vectors !== undefined) directions.push(...(await vectorsOf(vectors)));
  return parseQuestion({
    nearest: number('nearest', usual.nearest),
    directions: directions.length > 0 ? directions : usual.directions,
    steps: number('steps', usual.steps),
    reach: number('reach', usual.reach),
  });
}

/** Every vector of an array of a file, or the one row that is named. */
function vectorsOf(place: string): Promise<DirectionSet[]> {
  const { path, key, row } = vectorPlace(place, isFile);
  return withFile(path, async (file) => {
    const entries = (await listVectors(file)).filter((one) => key === undefined || one.key === key);
    const count = row === undefined && entries.length === 1 ? (entries[0]?.count ?? 1) : 1;
    if (count > BOUNDARY_LIMITS.directions)
      throw bad(
        `--toward-vectors ${place}: these are ${count} vectors; at most ${BOUNDARY_LIMITS.directions} are taken.`,
      );
    const sets: DirectionSet[] = [];
    for (let i = 0; i < count; i++) {
      const { vector, name } = await readVector(file, { key, row: count > 1 ? i : row });
      sets.push({ kind: 'toward', source: { kind: 'vector', vector: encodeVector(vector), name } });
    }
    return sets;
  });
}

/** What is told to people. */
function report(
  told: StateBoundaries,
  { directions }: BoundaryQuestion,
  { plane, readout }: MapParameters,
  { name }: ModelReference,
): string {
  const tokens = new Map(told.tokens.map((token) => [token.id, token]));
  const word = (id: number): string => {
    const token = tokens.get(id);
    return token ? tokenText(token) : `#${id}`;
  };
  const lines = [
    `${safeText(name)} \u00B7 layer ${told.layer}, ${readout} \u00B7 ${vectorWords(plane.center)} \u00B7 norm ${formatShort(rounded(told.norm))}`,
    `It says ${word(told.winner)} (${formatPercent(told.probability)}), then ${word(told.runnerUp)}, whose logit is ${formatShort(rounded(told.margin))} lower.`,
    '',
  ];
  const { nearest } = told;
  if ('reason' in nearest) lines.push(`The nearest boundary cannot be had exactly here: ${nearest.reason}.`);
  else if (nearest.length > 0) {
    lines.push(`Nearest boundaries, exact in all ${told.hiddenSize} dimensions:`);
    for (const { token, distance, relative, hidden } of nearest)
      lines.push(
        `  ${word(token).padEnd(16)} ${formatShort(rounded(distance)).padStart(10)}  ${formatShort(rounded(relative))} \u00D7 the state's norm${hidden ? ' (another token is above both there)' : ''}`,
      );
  }
  if (told.flips.length > 0) {
    lines.push(
      '',
      told.way === 'exact'
        ? 'First flips along directions, exact:'
        : `First flips along directions, in ${told.steps} steps to ${formatShort(told.reach)} \u00D7 the state's norm, each then divided to a millionth:`,
    );
    const groups = new Map<string, StateBoundaries['flips'][number][]>();
    for (const flip of told.flips) {
      const kind = directions[flip.set]?.kind ?? 'toward';
      groups.set(kind, [...(groups.get(kind) ?? []), flip]);
    }
    for (const [kind, flips] of groups) {
      const { count, flipped, median, least } = flipSpread(flips.map(({ relative }) => relative));
      const show = (value: number | null): string => (value === null ? 'none' : formatShort(rounded(value)));
      lines.push(
        `  ${kind}: ${flipped} of ${count} flip; median ${show(median)}, least ${show(least)} \u00D7 the state's norm`,
      );
      if (kind === 'axes' || kind === 'toward')
        for (const { name: called, relative, token, target } of flips.slice(0, 50))
          lines.push(
            `    ${safeText(called, 60)}: ${relative === null ? 'no flip' : `${show(relative)} to ${word(token ?? 0)}`}${target === undefined ? '' : ` (it lies at ${show(target)})`}`,
          );
      const first = 'reason' in nearest ? undefined : nearest[0];
      if (first && median !== null && kind !== 'toward')
        lines.push(`    the nearest boundary is ${Number((median / first.relative).toPrecision(2))} \u00D7 closer`);
    }
  }
  return `${lines.join('\n')}\n`;
}

const rounded = (value: number): number => Number(value.toPrecision(4));
