import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, readSpecification } from '../../src/formats/fromJson.js';
import { toCsv } from '../../src/formats/csv.js';
import { cellsFromNpz } from '../../src/formats/fromNpz.js';
import { toNpz } from '../../src/formats/npz.js';
import { toJson } from '../../src/formats/toJson.js';
import { DEFAULT_DISPLAY } from '../../src/map/mapDisplay.js';
import { exactStatistics } from '../../src/map/exactRegions.js';
import { Fault } from '../../src/map/fault.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { randomNumbers, syntheticMap } from '../map/syntheticMap.js';
import { syntheticSurvey } from '../map/syntheticSurvey.js';
import { HOSTILE_TOKENS } from './hostileTokens.js';

/** A file's content as a program without our types sees it. */
type Plain = null | string | number | boolean | Plain[] | { [key: string]: Plain };
const plain = (map: TokenMap): Plain => JSON.parse(Buffer.from(toJson(map)).toString()) as Plain;
/** A value inside, by keys; undefined when there is none. */
function at(value: Plain | undefined, ...keys: (string | number)[]): Plain | undefined {
  for (const key of keys) {
    value =
      Array.isArray(value) && typeof key === 'number'
        ? value[key]
        : typeof value === 'object' && value !== null && !Array.isArray(value)
          ? value[key]
          : undefined;
  }
  return value;
}
const keys = (value: Plain | undefined): string[] => Object.keys(value ?? {});

test('the keys of the original program, with its meaning and order', () => {
  const map = syntheticMap({ columns: 4, rows: 3, spacing: 0.5, center: [1, -2] });
  const file = plain(map);
  assert.deepEqual(at(file, 'config'), {
    model_name: 'SmolLM2-135M-Instruct',
    layer_idx: 29,
    grid_size: [4, 3],
    spacing: 0.5,
    embedding_method: 'random_projection',
  });
  assert.deepEqual(keys(at(file, 'coordinates')), ['x_coords', 'y_coords']);
  assert.deepEqual(at(file, 'coordinates', 'x_coords'), Array(3).fill([0.25, 0.75, 1.25, 1.75]));
  assert.deepEqual(at(file, 'coordinates', 'y_coords'), [Array(4).fill(-2.5), Array(4).fill(-2), Array(4).fill(-1.5)]);
  assert.equal(keys(at(file, 'token_map')).length, 12);
  for (let cell = 0; cell < 12; cell++) {
    const [row, column] = [Math.floor(cell / 4), cell % 4];
    const id = map.cells.ids[cell * 10] ?? -1;
    const entry = at(file, 'token_map', `${row},${column}`);
    assert.deepEqual(keys(entry), ['token_id', 'token_str', 'probability', 'coordinates']);
    assert.equal(at(entry, 'token_id'), id);
    assert.equal(at(entry, 'token_str'), map.tokens.get(id)?.text);
    assert.equal(at(entry, 'probability'), at(file, 'predictions', 'probabilities', row, column));
    assert.deepEqual(at(entry, 'coordinates'), [0.25 + column * 0.5, -2.5 + row * 0.5]);
    assert.equal(at(file, 'predictions', 'token_ids', row, column), id);
    assert.equal(
      Math.fround(Number(at(file, 'predictions', 'probabilities', row, column))),
      map.cells.probabilities[cell * 10],
    );
    assert.equal(at(file, 'predictions', 'second_token_ids', row, column), map.cells.ids[cell * 10 + 1]);
    assert.equal(at(file, 'top', 'token_ids', row, column, 9), map.cells.ids[cell * 10 + 9]);
  }
});

test('a square grid has one size, and embeddings are layer -1, as in the original', () => {
  const file = plain(syntheticMap({ columns: 3, rows: 3, specification: { layer: 'embeddings' } }));
  assert.equal(at(file, 'config', 'grid_size'), 3);
  assert.equal(at(file, 'config', 'layer_idx'), -1);
});

test('property: a saved file gives back an equal map', () => {
  const random = randomNumbers(31);
  for (let i = 0; i < 40; i++) {
    const map = syntheticMap({
      columns: 1 + Math.floor(random() * 9),
      rows: 1 + Math.floor(random() * 9),
      topK: 2 + Math.floor(random() * 12),
      seed: i,
      steepness: 10 ** (random() * 4),
      spacing: random() * 10 ** (random() * 8 - 4),
      center: [random() * 100, -random()],
      tokens: i % 2 ? HOSTILE_TOKENS : [],
      vocabulary: HOSTILE_TOKENS.length,
      exact: i % 3 === 0,
      specification: {
        context: { kind: 'prompt', text: 'a\u202E\n"\uD83D</script>' },
        layer: i % 3 ? i : 'embeddings',
      },
    });
    if (i % 4 === 0) unfinished(map, random);
    const bytes = toJson(map);
    assert.deepEqual(fromJson(bytes), map);
    assert.deepEqual(readSpecification(bytes).specification, map.specification);
    assert.equal(readSpecification(bytes).computed, map.cells.computed.filter(Boolean).length);
  }
});

test('exact regions: polygons, the number of tokens and their shares', () => {
  const map = syntheticMap({ columns: 4, rows: 3, exact: true, spacing: 1 });
  const regions = map.regions ?? assert.fail();
  const file = plain(map);
  assert.deepEqual(at(file, 'regions', 'window'), { ...regions.window });
  assert.deepEqual(
    at(file, 'regions', 'polygons'),
    regions.polygons.map(({ token, points }) => ({ token_id: token, points: [...points] })),
  );
  assert.equal(at(file, 'statistics', 'exact', 'tokens'), regions.polygons.length);
  const { areaShares } = exactStatistics(regions);
  assert.ok(areaShares.length > 3);
  assert.deepEqual(
    at(file, 'statistics', 'exact', 'area_shares'),
    areaShares.map(({ token, share }) => ({ token_id: token, share })),
  );
  assert.equal(at(plain(syntheticMap({ columns: 4, rows: 3 })), 'regions'), undefined);
});

/** Takes some cells away, as a cancelled map lacks them. */
function unfinished({ cells }: TokenMap, random: () => number): void {
  cells.computed.forEach((_, cell) => {
    if (random() < 0.5) return;
    cells.computed[cell] = 0;
    cells.entropy[cell] = 0;
    cells.ids.fill(0, cell * cells.topK, (cell + 1) * cells.topK);
    cells.probabilities.fill(0, cell * cells.topK, (cell + 1) * cells.topK);
  });
}

test('an unfinished map says null where nothing is computed', () => {
  const map = syntheticMap({ columns: 2, rows: 1, topK: 2 });
  map.cells.computed[0] = 0;
  const file = plain(map);
  assert.equal(at(file, 'predictions', 'token_ids', 0, 0), null);
  assert.deepEqual(keys(at(file, 'token_map')), ['0,1']);
});

test('a file can be printed anywhere: it holds no character that a terminal acts on or that turns direction', () => {
  const map = syntheticMap({ columns: 12, rows: 12, tokens: HOSTILE_TOKENS, vocabulary: HOSTILE_TOKENS.length });
  const text = Buffer.from(toJson(map)).toString();
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
});

test('what lists of files read stands in the first 8 kilobytes', () => {
  const head = Buffer.from(toJson(syntheticMap({ columns: 30, rows: 30 }))).toString('utf8', 0, 8192);
  assert.match(head, /"config": \{"model_name"/);
  assert.match(head, /"format": "embedding-grid-map"/);
});

test('the specification is found in a file that was formatted anew, too', () => {
  const map = syntheticMap({ columns: 3, rows: 2 });
  const formatted = Buffer.from(JSON.stringify(plain(map), null, 2));
  assert.deepEqual(readSpecification(formatted).specification, map.specification);
  assert.deepEqual(fromJson(formatted), map);
});

const refused = (file: Uint8Array | string, message: RegExp): void => {
  assert.throws(
    () => fromJson(file),
    (error) =>
      error instanceof Fault && error.code === 'file' && message.test(error.message) && !error.message.includes('\n'),
    String(message),
  );
};

test('what is no saved map is refused with what it is', () => {
  const bytes = toJson(syntheticMap({ columns: 3, rows: 3 }));
  refused('', /not JSON/);
  refused(bytes.subarray(0, bytes.length - 20), /ends too soon/);
  refused(Uint8Array.of(0xff, 0xfe, 0), /not JSON/);
  refused('[]', /not a saved map/);
  refused('null', /not a saved map/);
  refused('{"config": {}, "token_map": {}}', /not saved by Embedding Grid/);
  refused(Buffer.from(bytes).toString().replace('"version": 1', '"version": 3'), /version 3/);
});

test('a damaged file is refused with what is wrong', () => {
  const map = syntheticMap({ columns: 3, rows: 2, topK: 2, vocabulary: 5, exact: true });
  const broken = (change: (file: Record<string, Plain>) => void): string => {
    const file = plain(map);
    assert.ok(typeof file === 'object' && file !== null && !Array.isArray(file));
    change(file);
    return JSON.stringify(file);
  };
  const set = (value: Plain, ...path: (string | number)[]) =>
    broken((file) => {
      const last = path.at(-1) ?? '';
      const holder = at(file, ...path.slice(0, -1));
      if (Array.isArray(holder)) holder[Number(last)] = value;
      else if (typeof holder === 'object' && holder !== null) holder[last] = value;
    });
  refused(set(null, 'specification'), /specification/);
  refused(set(0, 'specification', 'grid', 'spacing'), /spacing must be greater than 0/);
  refused(set(100000, 'specification', 'grid', 'columns'), /at most 2000/);
  refused(set(2000, 'specification', 'grid', 'columns'), /2000 × 2 cells/);
  refused(set(100, 'specification', 'topK'), /100 tokens/);
  refused(set('AAAA', 'plane', 'u'), /plane\.u/);
  refused(set('AADAfwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', 'plane', 'c'), /not finite/);
  refused(set([[1]], 'top', 'token_ids'), /"token_ids" does not hold 3 × 2 cells/);
  refused(set([999, 0], 'top', 'token_ids', 1, 2), /cell 1,2 names a token/);
  refused(set(['0', 0], 'top', 'token_ids', 1, 2), /cell 1,2/);
  refused(set([1.5, 0], 'top', 'probabilities', 0, 0), /cell 0,0 has probabilities/);
  refused(set([0.1, 0.2], 'top', 'probabilities', 0, 0), /probabilities/);
  refused(set([-0.1, -0.2], 'top', 'probabilities', 0, 0), /probabilities/);
  refused(set(-1, 'predictions', 'entropies', 0, 0), /entropy/);
  refused(set(null, 'predictions', 'entropies', 0, 0), /entropy/);
  refused(set(null, 'top', 'token_ids', 0, 0), /does not hold 2 tokens/);
  refused(set({ text: 'x', kind: 'text' }, 'tokens', '1e3'), /"1e3"/);
  refused(set({ text: 'x', kind: 'text' }, 'tokens', '99999999'), /"99999999"/);
  refused(set({ text: 5, kind: 'text' }, 'tokens', '1'), /tokens\.1\.text/);
  refused(set('x', 'runtime', 'seconds'), /runtime\.seconds/);
  refused(set(1e300, 'model', 'hiddenSize'), /model\.hiddenSize/);
  refused(set(7, 'regions', 'window', 'x1'), /not the window of its grid/);
  refused(set([], 'regions', 'polygons'), /do not cover/);
  refused(set(null, 'regions', 'polygons', 0), /regions\.polygons/);
  refused(set(99, 'regions', 'polygons', 0, 'token_id'), /name token 99/);
  refused(set([0, 0, 1, 1], 'regions', 'polygons', 0, 'points'), /regions\.polygons/);
  refused(set([0, 0, 0.1, 0.1, 0, 0.1, 9], 'regions', 'polygons', 0, 'points'), /no polygon in the window/);
  refused(set([0, 0, 0, 0.1, 0.1, 0.1], 'regions', 'polygons', 0, 'points'), /no polygon in the window/);
  refused(set([0, 0, 0.1, 0.1, 0, 0.1], 'regions', 'polygons', 0, 'points'), /do not cover/);
});

test('property: a file with any one piece replaced is read or refused, never anything else', () => {
  const random = randomNumbers(33);
  const text = Buffer.from(
    toJson(syntheticMap({ columns: 3, rows: 3, topK: 2, vocabulary: 4, exact: true })),
  ).toString();
  const pieces = ['null', '-1', '1e999', '"x"', '{}', '[]', '"', '\\', '0', '9999999999', ','];
  for (let i = 0; i < 1500; i++) {
    const from = Math.floor(random() * text.length);
    const to = from + Math.floor(random() * 12);
    const mutated = text.slice(0, from) + (pieces[Math.floor(random() * pieces.length)] ?? '') + text.slice(to);
    try {
      fromJson(mutated);
    } catch (error) {
      assert.ok(error instanceof Fault && error.code === 'file', `${String(error)} at ${from}`);
    }
  }
});

/** A map that was asked a question, on a plane through three prompts with overlays. */
function askedMap(): TokenMap {
  const map = syntheticMap({ columns: 4, rows: 3 });
  const prompt = { kind: 'prompt', text: 'My favorite animal is\u202e the' } as const;
  const specification = {
    ...map.specification,
    plane: {
      axes: { method: 'directions', x: prompt, y: { kind: 'random', seed: 3 } },
      center: { kind: 'row', matrix: 'unembedding', token: ' cat' },
      orthogonal: true,
      lengths: 'typical',
      sample: ['one', 'two'],
    },
    question: { kind: 'difference', first: ' Paris', second: 7 },
    masked: [' the'],
    overlays: [
      { kind: 'layers', prompt },
      { kind: 'rows', matrix: 'embedding', count: 3 },
    ],
  } as const;
  const random = randomNumbers(5);
  return {
    ...map,
    specification,
    cells: { ...map.cells, answers: Float32Array.from({ length: 12 }, () => random() * 20 - 10) },
    survey: syntheticSurvey(map.plane, specification),
  };
}

test('answers, the survey and all of the specification come back as they were', () => {
  const map = askedMap();
  assert.deepEqual(fromJson(toJson(map)), map);
  const file = plain(map);
  assert.deepEqual(at(file, 'survey', 'marks', 0, 'kind'), 'anchor');
  assert.equal(Math.fround(Number(at(file, 'predictions', 'answers', 1, 2))), map.cells.answers?.[6]);
});

test('answers to several questions come back, a list a cell; from JSON, from the cells beside it, and as columns', () => {
  const map = askedMap();
  const random = randomNumbers(6);
  const several: TokenMap = {
    ...map,
    specification: {
      ...map.specification,
      alsoAsked: [
        { kind: 'set', tokens: [' cat', 7] },
        { kind: 'pattern', pattern: '^ [A-Z]' },
      ],
    },
    cells: { ...map.cells, answers: Float32Array.from({ length: 36 }, () => random()) },
    display: { ...DEFAULT_DISPLAY, colorBy: 'question', asked: 2 },
  };
  assert.deepEqual(fromJson(toJson(several)), several);
  const answers = [18, 19, 20].map((i) => several.cells.answers?.[i]);
  const told = at(plain(several), 'predictions', 'answers', 1, 2);
  assert.deepEqual(Array.isArray(told) && told.map((one) => Math.fround(Number(one))), answers);
  const beside = cellsFromNpz(toNpz(several), several.specification);
  assert.deepEqual(Array.from(beside.answers?.(6) ?? []), answers);
  const [header = '', ...lines] = Buffer.from(toCsv(several)).toString().split('\r\n');
  assert.ok(header.endsWith(',answer,answer_2,answer_3'));
  assert.deepEqual(
    lines[6]
      ?.split(',')
      .slice(-3)
      .map((one) => Math.fround(Number(one))),
    answers,
  );
  const short = Buffer.from(toJson(several))
    .toString()
    .replace(/("answers": \[\n\[\[[^,]+),[^\]]+\]/, '$1]');
  refused(short, /cell 0,0 does not hold 3 answers/);
});

test('an adaptive map comes back with what was filled in and how well', () => {
  const map = syntheticMap({ columns: 3, rows: 2, specification: { adaptive: true } });
  const filled = Uint8Array.of(0, 1, 0, 0, 1, 1);
  const approximation = { filled: 3, checked: 2, differing: 1, largestDifference: 0.25 };
  const adaptive = { ...map, cells: { ...map.cells, filled }, runtime: { ...map.runtime, approximation } };
  assert.deepEqual(fromJson(toJson(adaptive)), adaptive);
  assert.deepEqual(at(plain(adaptive), 'predictions', 'filled_in'), [
    [0, 1, 0],
    [0, 1, 1],
  ]);
  const damaged = Buffer.from(toJson(adaptive)).toString().replace('"filled_in": [\n[0,1,0]', '"filled_in": [\n[0,1]');
  refused(damaged, /"filled_in" does not hold 3 × 2 cells/);
  const text = Buffer.from(toJson(adaptive)).toString();
  refused(text.replace('"filled_in": [\n[0,1,0]', '"filled_in": [\n[0,true,0]'), /cell 0,1 does not say/);
  refused(text.replace('"filled_in": [\n[0,1,0]', '"filled_in": [\n[0,0,0]'), /"runtime\.approximation" is not that/);
  assert.equal(at(plain(adaptive), 'statistics', 'filled_in'), 3);
});

test('norms that the map does not depend on are no part of it: two maps are the same with and without', () => {
  const map = askedMap();
  const plane = { ...map.specification.plane, lengths: 'own' as const };
  const own = { ...map, specification: { ...map.specification, plane } };
  assert.deepEqual(fromJson(toJson(own)), own);
  assert.ok(own.survey);
  const unmeasured = { ...own, survey: { ...own.survey, norms: null } };
  const content = (of: TokenMap): Plain => ({ ...(plain(of) as Record<string, Plain>), runtime: null });
  assert.deepEqual(content(own), content(unmeasured));
});

test('an answer that is no finite number is null in the file; cells that are missing have none', () => {
  const map = askedMap();
  map.cells.answers?.set([Infinity, NaN, 3]);
  map.cells.computed[2] = 0;
  assert.deepEqual(at(plain(map), 'predictions', 'answers', 0), [null, null, null, plainNumber(map, 3)]);
  assert.ok(Number.isNaN(fromJson(toJson(map)).cells.answers?.[0]));
});
const plainNumber = (map: TokenMap, cell: number): Plain | undefined =>
  at(plain(map), 'predictions', 'answers', 0, cell);

test('a survey or answers that make no sense are refused by name', () => {
  const text = Buffer.from(toJson(askedMap())).toString();
  for (const [from, to, told] of [
    ['"distance":0', '"distance":-1', /survey\.marks\.0\.distance/],
    ['"norms":{', '"norms":5,"x":{', /survey\.norms/],
    ['"answers": [\n[', '"answers": [\n[0,', /"answers" does not hold 4 × 3 cells/],
    ['"answers": [\n[', '"answers": [\n["x"],[', /"answers" does not hold 4 × 3 cells/],
  ] as const) {
    assert.ok(text.includes(from), from);
    assert.throws(
      () => fromJson(text.replace(from, to)),
      (error) => error instanceof Fault && error.code === 'file' && told.test(error.message),
    );
  }
});
