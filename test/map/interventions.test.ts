import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Intervention,
  interventionsAbove,
  statesInterventions,
  vectorInterventions,
} from '../../src/map/interventions.js';

const at = (block: number): readonly Intervention[] => [
  { kind: 'skip', block },
  { kind: 'zero', block, part: 'mlp' },
  { kind: 'project', block, direction: { kind: 'row', matrix: 'embedding', token: 7 } },
  { kind: 'add', block, vector: { kind: 'row', matrix: 'embedding', token: 7 }, coefficient: 2, positions: 'all' },
];

test('an intervention acts below a layer’s hidden states, on the vector put in at the layer, or above: once', () => {
  const all = [0, 1, 2, 3].flatMap(at);
  for (const layer of [-1, 0, 1, 2, 3]) {
    const [below, vector, above] = [statesInterventions, vectorInterventions, interventionsAbove].map((of) =>
      of(all, layer),
    );
    assert.deepEqual(new Set([...(below ?? []), ...(vector ?? []), ...(above ?? [])]), new Set(all));
    assert.equal((below?.length ?? 0) + (vector?.length ?? 0) + (above?.length ?? 0), all.length);
    // The vector takes the place of what its block puts out: what the block does inside is behind it, what acts on the output is not.
    assert.deepEqual(
      vector,
      all.filter((one) => one.block === layer && ['add', 'project'].includes(one.kind)),
    );
    assert.ok(below?.every(({ block }) => block <= layer) && above?.every(({ block }) => block > layer));
  }
});
