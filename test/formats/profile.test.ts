import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommand } from '../../src/cli/arguments.js';
import { PROFILE_FORMATS } from '../../src/formats/profile/formats.js';
import { formatNamed } from '../../src/formats/fileFormat.js';
import { parseLine, pointOn, type Profile, profileName } from '../../src/map/profile.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { assetsFolder } from '../../src/host/installation.js';

const steps = 10;
const curve = (of: (part: number) => number): Float32Array =>
  Float32Array.from({ length: steps + 1 }, (_, i) => of(i / steps));
const profile: Profile = {
  model: { name: 'tiny <&>', file: 'model.onnx', sha256: '0'.repeat(64) },
  parameters: { ...DEFAULT_PARAMETERS, layer: 3 },
  from: { x: 0, y: 1 },
  to: { x: 2, y: -1 },
  steps,
  tokens: [
    { id: 5, kind: 'text', text: ' a,"b"' },
    { id: 9, kind: 'text', text: '<script>' },
  ],
  winners: Int32Array.from({ length: steps + 1 }, (_, i) => Number(i >= 5)),
  probabilities: [curve((part) => 0.9 * (1 - part)), curve((part) => (part > 0.85 ? NaN : 0.9 * part))],
  entropy: curve((part) => 1 + part),
  changes: [{ at: 0.5, from: 0, to: 1 }],
  version: '0.0.0',
  device: 'cpu',
  seconds: 1,
};
const textOf = async (name: 'svg' | 'csv'): Promise<string> =>
  Buffer.from(await formatNamed(PROFILE_FORMATS, name).contents(profile, { assets: assetsFolder })).toString();

test('CSV: a line per point and token, coordinates on the line, texts as JSON', async () => {
  const [header, ...lines] = (await textOf('csv')).trimEnd().split('\r\n');
  assert.equal(header, 'part,x,y,token_id,token,probability,wins,entropy_nats');
  assert.equal(lines.length, 2 * (steps + 1));
  assert.equal(lines[0], '0,0,1,5,""" a,\\""b\\""""",0.9,1,1');
  assert.equal(lines[3]?.startsWith('0.1,0.2,0.8,9,'), true);
  assert.match(lines.at(-1) ?? '', /^1,2,-1,9,"""<script>""",null,1,2$/);
});

test('SVG: a curve per token, a dotted line per change, nothing of a token as markup', async () => {
  const svg = await textOf('svg');
  assert.match(svg, /Profile from \(0, 1\) to \(2, \u22121\)/);
  assert.equal(svg.match(/stroke-dasharray/g)?.length, 1);
  assert.ok(!svg.includes('<script>') && svg.includes('&lt;script'));
  assert.ok(!svg.includes('NaN'));
  assert.equal(svg, await textOf('svg'));
});

test('a line is two different points, as they are typed', () => {
  assert.deepEqual(parseLine('0,0:1,-2.5e-1'), { from: { x: 0, y: 0 }, to: { x: 1, y: -0.25 } });
  assert.deepEqual(pointOn({ from: { x: 0, y: 0 }, to: { x: 4, y: -2 } }, 0.25), { x: 1, y: -0.5 });
  assert.equal(profileName({ from: { x: 0, y: 0 }, to: { x: 1, y: 0 } }), 'Profile from (0, 0) to (1, 0)');
  for (const text of ['', '0,0', '0,0:0,0', '0,0:1', '0,0:1,1:2,2', 'a,b:c,d', '0,0:1,Infinity', '0,0:1,1e999'])
    assert.equal(parseLine(text), undefined, text);
  const command = parseCommand(['--profile', '-1,0:1,0', '--formats', 'csv']);
  assert.ok(command.kind === 'profile' && command.formats.join() === 'csv' && command.line.from.x === -1);
  assert.throws(() => parseCommand(['--profile', '1,0']), { code: 'bad-parameter', hint: /--profile 0,0:1,0/ });
  assert.throws(
    () => parseCommand(['--profile', '0,0:1,0', '--vary', 'layer=0-3']),
    /--vary does not go with --profile/,
  );
});
