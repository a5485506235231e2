// The notices of everything by others that the package holds, made from what the bundles really consist of.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './prepare.mjs';

/** Licences that may be part of the package. */
const accepted = [
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'MPL-2.0',
  'OFL-1.1',
  'CC-BY-4.0',
];

/** Copied, not bundled. */
const copied = ['onnxruntime-node', 'onnxruntime-common'];

/** Packages that come without the text of their licence. */
const texts = {
  MIT: (holder) => `MIT License

Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE,
ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`,
};

/** The folders of the packages that a list of files comes from: `node_modules/a`, `node_modules/a/node_modules/@b/c`. */
export function packagesOf(files) {
  const folders = files.flatMap((file) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  return [...new Set(folders)].sort();
}

function noticeOf(folder) {
  const manifest = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
  const { name, version, license, author } = manifest;
  if (
    !accepted.some((id) =>
      String(license)
        .split(/[() ]+/)
        .includes(id),
    )
  ) {
    throw new Error(`${name} ${version} has the licence ${license}, which is not one of ${accepted.join(', ')}.`);
  }
  const files = readdirSync(path.join(root, folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  const holder = typeof author === 'string' ? author : (author?.name ?? `the authors of ${name}`);
  const text =
    files.length > 0
      ? files.map((file) => readFileSync(path.join(root, folder, file), 'utf8').trim()).join('\n\n')
      : texts[license]?.(copied.includes(name) ? 'Microsoft Corporation' : holder);
  if (text === undefined) throw new Error(`${name} ${version} comes without the text of its licence.`);
  return { title: `${name} ${version} (${license})`, text };
}

/** What is neither an npm package nor ours. */
function otherNotices() {
  const fonts = path.join(root, 'media', 'fonts');
  const font = existsSync(fonts) ? readdirSync(fonts).find((file) => /licen[cs]e|ofl/i.test(file)) : undefined;
  return [
    ...(font === undefined
      ? []
      : [
          { title: 'Inter, the font of pictures (OFL-1.1)', text: readFileSync(path.join(fonts, font), 'utf8').trim() },
        ]),
    {
      title: 'DirectML and DirectX Shader Compiler (in packages for Windows)',
      text: "DirectML.dll, dxcompiler.dll and dxil.dll are Microsoft Corporation's, as onnxruntime-node distributes them.",
    },
  ];
}

/** The whole text. Reads which files the bundles were made of from the last build. @throws for a licence not accepted. */
export function thirdPartyNotices() {
  const bundles = JSON.parse(readFileSync(path.join(root, 'dist', '.inputs.json'), 'utf8'));
  const shipped = ['dist/extension.cjs', 'dist/filesWorker.cjs', 'dist/engine.cjs', 'dist/webview/'];
  const files = Object.entries(bundles).flatMap(([name, inputs]) =>
    shipped.some((start) => name.startsWith(start)) ? inputs : [],
  );
  const folders = [...new Set([...packagesOf(files), ...copied.map((name) => `node_modules/${name}`)])].sort();
  const notices = [...folders.map(noticeOf), ...otherNotices()];
  const rule = '-'.repeat(80);
  return [
    'Embedding Grid is made with the work of others. These are their notices.',
    ...notices.map(({ title, text }) => `${rule}\n${title}\n${rule}\n\n${text}`),
    '',
  ].join('\n\n');
}
