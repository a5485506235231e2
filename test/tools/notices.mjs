// The notices of everything by others that the package holds, made from what the bundles really consist of.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './prepare.mjs';

/** Copied into the extension's package, not bundled. The npm package depends on them. */
const copied = ['onnxruntime-node', 'onnxruntime-common', 'tokenizers'];
/** Whose code is compiled into scan.wasm and subset.wasm. */
const compiled = ['assemblyscript', 'harfbuzzjs'];
/** The two packages: which bundles are not in one, and what it holds besides. */
const packages = {
  vsix: { without: /^dist\/(cli|index)\.js$/, besides: [...copied, ...compiled] },
  npm: { without: /^dist\/(extension\.cjs|(files|study)Worker\.cjs|webview\/)/, besides: compiled },
};

const SOFTWARE = `THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE,
ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/**
 * Licences that may be part of the package, each with the text for a package that comes without it; undefined where that
 * does not happen.
 */
const licences = {
  MIT: (holder) => `MIT License

Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

${SOFTWARE}`,
  'BSD-3-Clause': (holder) => `BSD 3-Clause License

Copyright (c) ${holder}

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the following
conditions are met:

1. Redistributions of source code must retain the above copyright notice, this list of conditions and the following
   disclaimer.
2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following
   disclaimer in the documentation and/or other materials provided with the distribution.
3. Neither the name of the copyright holder nor the names of its contributors may be used to endorse or promote products
   derived from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING,
BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO
EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR
CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR
PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR
TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE
POSSIBILITY OF SUCH DAMAGE.`,
  'Apache-2.0': (holder) => `Copyright (c) ${holder}

${readFileSync(path.join(root, 'node_modules', 'typescript', 'LICENSE.txt'), 'utf8').trim()}`,
  'MPL-2.0': (holder, repository) => `Copyright (c) ${holder}

This Source Code Form is subject to the terms of the Mozilla Public License, v. 2.0. If a copy of the MPL was not distributed
with this file, You can obtain one at https://mozilla.org/MPL/2.0/. The source code is at ${repository}.`,
  ISC: undefined,
  'BSD-2-Clause': undefined,
  '0BSD': undefined,
  Zlib: undefined,
  Unlicense: undefined,
  'CC-BY-4.0': undefined,
};

/** The folders of the packages that a list of files comes from: `node_modules/a`, `node_modules/a/node_modules/@b/c`. */
export function packagesOf(files) {
  const folders = files.flatMap((file) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  return [...new Set(folders)].sort();
}

/** Packages whose manifest is silent and whose file of the licence says which it is. */
const untold = { 'png-js': 'MIT' };

function noticeOf(folder) {
  const manifest = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
  const { name, version, author, repository, license = untold[name] } = manifest;
  const names = String(license)
    .split(/[()\s]+|AND|OR/)
    .filter(Boolean);
  const refused = names.filter((one) => !Object.hasOwn(licences, one));
  if (names.length === 0 || refused.length > 0) {
    throw new Error(`${name} ${version} has the licence ${license}, which is not one of the accepted.`);
  }
  const files = readdirSync(path.join(root, folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  const written = files.map((file) => readFileSync(path.join(root, folder, file), 'utf8').trim());
  const holder = typeof author === 'string' ? author : (author?.name ?? `the authors of ${name}`);
  const place =
    typeof repository === 'string' ? repository : (repository?.url ?? `https://www.npmjs.com/package/${name}`);
  const texts =
    written.length > 0
      ? written
      : names.map((one) => licences[one]?.(copied.includes(name) ? 'Microsoft Corporation' : holder, place));
  if (texts.includes(undefined)) throw new Error(`${name} ${version} comes without the text of its licence.`);
  return { title: `${name} ${version} (${license})`, text: texts.join('\n\n') };
}

const HARFBUZZ = `Copyright (c) the authors of HarfBuzz

Permission is hereby granted, without written agreement and without license or royalty fees, to use, copy, modify, and
distribute this software and its documentation for any purpose, provided that the above copyright notice and the following two
paragraphs appear in all copies of this software.

IN NO EVENT SHALL THE COPYRIGHT HOLDER BE LIABLE TO ANY PARTY FOR DIRECT, INDIRECT, SPECIAL, INCIDENTAL, OR CONSEQUENTIAL
DAMAGES ARISING OUT OF THE USE OF THIS SOFTWARE AND ITS DOCUMENTATION, EVEN IF THE COPYRIGHT HOLDER HAS BEEN ADVISED OF THE
POSSIBILITY OF SUCH DAMAGE.

THE COPYRIGHT HOLDER SPECIFICALLY DISCLAIMS ANY WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF
MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE. THE SOFTWARE PROVIDED HEREUNDER IS ON AN "AS IS" BASIS, AND THE COPYRIGHT
HOLDER HAS NO OBLIGATION TO PROVIDE MAINTENANCE, SUPPORT, UPDATES, ENHANCEMENTS, OR MODIFICATIONS.`;

/** What is neither an npm package nor ours. */
function otherNotices(which) {
  const fonts = path.join(root, 'media', 'fonts');
  const font = existsSync(fonts) ? readdirSync(fonts).find((file) => /licen[cs]e|ofl/i.test(file)) : undefined;
  return [
    ...(font === undefined
      ? []
      : [
          { title: 'Inter, the font of pictures (OFL-1.1)', text: readFileSync(path.join(fonts, font), 'utf8').trim() },
        ]),
    {
      title: 'Codicons, of @vscode/codicons (CC-BY-4.0), changed',
      text: 'Of the font and its styles by Microsoft Corporation, this holds the icons that the program names; the others are left out.',
    },
    { title: 'HarfBuzz, the library itself (MIT, its older text)', text: HARFBUZZ },
    ...(which === 'npm'
      ? []
      : [
          // The licence beside it is that of the binding's template.
          {
            title: 'tokenizers, the library itself (Apache-2.0)',
            text: licences['Apache-2.0']('The HuggingFace Inc. team'),
          },
          {
            title: 'DirectML and DirectX Shader Compiler (in packages for Windows)',
            text: "DirectML.dll, dxcompiler.dll and dxil.dll are Microsoft Corporation's, as onnxruntime-node distributes them.",
          },
        ]),
  ];
}

/**
 * The whole text, for the extension's package or npm's. Reads which files the bundles were made of from the last build.
 * @param {'vsix' | 'npm'} which
 * @throws for a licence not accepted.
 */
export function thirdPartyNotices(which) {
  const { without, besides } = packages[which];
  const bundles = JSON.parse(readFileSync(path.join(root, 'dist', '.inputs.json'), 'utf8'));
  const files = Object.entries(bundles).flatMap(([name, inputs]) => (without.test(name) ? [] : inputs));
  const folders = [...new Set([...packagesOf(files), ...besides.map((name) => `node_modules/${name}`)])].sort();
  const notices = [...folders.map(noticeOf), ...otherNotices(which)];
  const rule = '-'.repeat(80);
  return [
    'Embedding Grid is made with the work of others. These are their notices.',
    ...notices.map(({ title, text }) => `${rule}\n${title}\n${rule}\n\n${text}`),
    '',
  ].join('\n\n');
}
