import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { findCudaLibraries } from '../../src/engine/cudaLibraries.js';
import { Fault } from '../../src/map/fault.js';
import { withEngine } from './engine.js';
import { temporaryFolder } from './temporary.js';

const root = path.join(import.meta.dirname, '..', '..');
const { version: release } = JSON.parse(
  readFileSync(path.join(root, 'node_modules', 'onnxruntime-node', 'package.json'), 'utf8'),
) as { version: string };
const home = path.join(temporaryFolder(), 'nobody');

/** A Python environment with the libraries of a release. */
function environment(of: string): { folder: string; packages: string; libraries: string } {
  const folder = temporaryFolder();
  const packages = path.join(folder, 'lib', 'python3.12', 'site-packages');
  const libraries = path.join(packages, 'onnxruntime', 'capi');
  mkdirSync(libraries, { recursive: true });
  mkdirSync(path.join(packages, `onnxruntime_gpu-${of}.dist-info`));
  for (const name of ['cuda', 'shared']) writeFileSync(path.join(libraries, `libonnxruntime_providers_${name}.so`), '');
  mkdirSync(path.join(folder, 'bin'));
  writeFileSync(path.join(folder, 'bin', 'python3'), '');
  return { folder, packages, libraries };
}

test('CUDA libraries are found where a person says, and in active environments', () => {
  const { folder, packages, libraries } = environment('1.2.3');
  const found = { folder: libraries, packages };
  for (const asked of [folder, packages, libraries])
    assert.deepEqual(findCudaLibraries(asked, '1.2.3', {}, home), found, asked);
  for (const env of [
    { VIRTUAL_ENV: folder },
    { CONDA_PREFIX: folder },
    { PATH: [home, path.join(folder, 'bin')].join(path.delimiter) },
  ])
    assert.deepEqual(findCudaLibraries(undefined, '1.2.3', env, home), found);
  assert.equal(findCudaLibraries(undefined, '1.2.3', { PATH: home, VIRTUAL_ENV: '' }, home), undefined);
});

test('another release is told and passed over', () => {
  const [old, right] = [environment('1.2.2'), environment('1.2.3')];
  const env = { VIRTUAL_ENV: old.folder, CONDA_PREFIX: right.folder };
  assert.deepEqual(findCudaLibraries(undefined, '1.2.3', env, home), {
    folder: right.libraries,
    packages: right.packages,
  });
  const told = `The onnxruntime-gpu in ${old.packages} is release 1.2.2; 1.2.3 is needed.`;
  assert.equal(findCudaLibraries(undefined, '1.2.3', { VIRTUAL_ENV: old.folder }, home), told);
  assert.equal(findCudaLibraries(old.folder, '1.2.3', env, home), told);
  const none = `The folder "${home}" holds no libonnxruntime_providers_cuda.so, nor a Python environment that has it.`;
  assert.equal(findCudaLibraries(home, '1.2.3', env, home), none);
});

test('the documented command names the release that is needed', () => {
  for (const file of ['docs/models.md', 'package.nls.json'])
    assert.deepEqual(
      [...readFileSync(path.join(root, file), 'utf8').matchAll(/onnxruntime-gpu\[cuda,cudnn\]==([\d.]+)/g)].map(
        (m) => m[1],
      ),
      [release],
      file,
    );
});

if (process.platform === 'linux' && process.arch === 'x64')
  test('onnxruntime looks for CUDA in the folder that was named', async () => {
    const { folder } = environment(release);
    process.env.EMBEDDING_GRID_CUDA_LIBRARIES = folder;
    try {
      await withEngine((engine) =>
        assert.rejects(
          engine.call('open', { path: path.join(root, 'media', 'novella-3m'), device: 'cuda' }),
          (error) => {
            // Its empty files are no libraries; without them the missing library would be told.
            assert.ok(error instanceof Fault && error.code === 'device', String(error));
            assert.match(error.message, /^The device "cuda" does not start\.$/);
            return true;
          },
        ),
      );
      await withEngine(async (engine) => {
        const { device } = await engine.call('open', { path: path.join(root, 'media', 'novella-3m'), device: 'cpu' });
        assert.equal(device.used, 'cpu');
      });
    } finally {
      delete process.env.EMBEDDING_GRID_CUDA_LIBRARIES;
    }
  });
