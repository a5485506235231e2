/** The rooms: who may import whom, and what a room must not touch. All other rules and the types are Oxlint's (.oxlintrc.json). */
import { builtinModules } from 'node:module';
import * as parser from '@typescript-eslint/parser';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import { defineConfig } from 'eslint/config';

/** Which rooms a room may import from, itself left out. CONTRIBUTING.md has the same as a table, which a test compares. */
const rooms = {
  'src/map': [],
  'src/onnx': [],
  'src/protocol': ['src/map'],
  'src/hub': ['src/map'],
  'src/formats': ['src/map'],
  'src/translators': ['src/map', 'src/formats'],
  'src/engine': ['src/map', 'src/formats', 'src/onnx', 'src/protocol', 'src/hub', 'src/translators'],
  'src/host': ['src/map', 'src/formats', 'src/translators', 'src/protocol', 'src/hub', 'src/engine/client.ts'],
  'src/panel': ['src/map', 'src/formats', 'src/protocol', 'src/engine/client.ts', 'src/host'],
  'src/cli': ['src/map', 'src/formats', 'src/protocol', 'src/hub', 'src/engine/client.ts', 'src/host'],
  'src/extension': [
    ...['src/map', 'src/formats', 'src/protocol', 'src/hub'],
    ...['src/engine/client.ts', 'src/host', 'src/panel'],
  ],
  'src/index.ts': ['src/map', 'src/formats', 'src/protocol', 'src/hub', 'src/engine/client.ts', 'src/host'],
  webview: ['src/map', 'src/protocol'],
};
const zones = Object.entries(rooms).map(([room, may]) => ({
  target: room,
  from: '.',
  except: [room, 'node_modules', ...may],
  message: `${room} may import ${may.join(', ') || 'no other room'} (see the table of rooms in CONTRIBUTING.md).`,
}));

/** Rooms that run anywhere: in the page, in the host, in a test without files. */
const pure = ['src/map', 'src/onnx', 'src/protocol', 'webview'];

/** Packages that one room alone loads. */
const owned = [
  { name: 'vscode', rooms: ['src/extension', 'test/vscode'] },
  { name: 'onnxruntime-node', rooms: ['src/engine', 'test/media'] }, // the test runs the bundled model plainly
  { name: 'tokenizers', rooms: ['src/engine'] },
];
const names = (list) => `^(${list.join('|')})(/|$)`;
/**
 * Doors of VS Code whose words may hold links or icons: `src/extension/window.ts` goes through them for everyone. By name, so that
 * it does not matter what `vscode.window` is called, or how it is taken apart.
 */
const DOORS = new RegExp(
  '^(show(Information|Warning|Error)Message|withProgress|setStatusBarMessage|createStatusBarItem|' +
    '(show|create)(QuickPick|InputBox)|showWorkspaceFolderPick|createTreeView|MarkdownString|TreeItem)$',
);
const DOOR_KEEPER = 'src/extension/window.ts';
const doors = ['name', 'value'].flatMap((held) =>
  ['MemberExpression > .property', 'ObjectPattern > Property > .key', 'ImportSpecifier > .imported'].map((place) => ({
    selector: `${place}[${held}=${DOORS}]`,
    message: `What VS Code draws of our words goes through ${DOOR_KEEPER}, which shows text as text.`,
  })),
);

/**
 * What people read on the page goes through `t`, so that it can be said in other languages: phrases, capitalised words, and what
 * names a control. Not what a person types, nor the names of keys, colors and devices.
 */
const PHRASE =
  '(?!The( sea)?$|Aa$|A, B, C$|Arrow|Home$|End$|Enter$|Escape$|Page|WebGPU|Core ML|DirectML|codicon |rgba|system-ui|linear-|[(.])' +
  '([^A-Za-z]*[A-Z][a-z]|.*[a-z’,;] [a-zA-Z“])';
const UNSAID = [
  ...[`CallExpression[callee.name='t'] >`, `CallExpression[callee.property.name='startsWith'] >`],
  ...['ImportDeclaration >', 'TSLiteralType >', 'BinaryExpression >'],
  ...[`Property[key.name='class']`, `Property[key.name='terms']`], // terms of the documentation, which is English
];
const unless = (node) => UNSAID.map((within) => `:not(${within} ${node})`).join('');
const said = [
  `Literal[value=/^${PHRASE}/]${unless('Literal')}`,
  `TemplateElement[value.cooked=/^${PHRASE}/]${unless('TemplateElement')}`,
  `Property[key.name=/^(title|label|placeholder|alt)$/] > Literal.value[value=/[a-z]{2}/]`,
  `Property[key.value=/^aria-(label|valuetext|roledescription)$/] > Literal.value[value=/[a-z]{2}/]`,
].map((selector) => ({ selector, message: 'What people read goes through t of @vscode/l10n (CONTRIBUTING.md).' }));

const forbidden = (packages, syntax = []) => ({
  'no-restricted-imports': [
    'error',
    { patterns: packages.map((name) => ({ regex: names([name]), message: `${name} is another room's.` })) },
  ],
  'no-restricted-syntax': [
    'error',
    ...syntax,
    ...packages.flatMap((name) => {
      const value = `value=/${names([name]).replaceAll('/', '\\u002F')}/`;
      const message = `${name} is another room's.`;
      return [
        { selector: `ImportExpression > Literal.source[${value}]`, message },
        { selector: `CallExpression[callee.name="require"] > Literal[${value}]`, message },
      ];
    }),
  ],
});
const builtins = ['node:.*', ...builtinModules.filter((name) => !name.includes('/'))];
/** What a file of a room must not import: the packages of other rooms and, in a pure room, Node's own modules. */
const packagesOf = (room) => ({
  files: [room === '' ? '{src,webview,test}/**/*.ts' : room.endsWith('.ts') ? room : `${room}/**/*.ts`],
  rules: forbidden(packagesNotOf(room), { 'src/extension': doors, webview: said }[room]),
});
const packagesNotOf = (room) => [
  ...owned.filter((one) => !one.rooms.includes(room)).map((one) => one.name),
  ...(pure.includes(room) ? [`(${builtins.join('|')})`] : []),
];

export default defineConfig(
  {
    ignores: [
      'dist/',
      'src/**/*.as.ts', // AssemblyScript: its compiler checks it
      'node_modules/',
      '.cache/',
      'test/**/output/',
      'test/fixtures/',
      'test/vscode/workbench/',
      'media/',
      'src/onnx/proto/',
      '**/*.vsix',
    ],
  },
  {
    files: ['**/*.ts'],
    languageOptions: { parser },
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [
        createNodeResolver({ extensions: ['.ts', '.js'], extensionAlias: { '.js': ['.ts', '.js'] } }),
      ],
    },
    rules: {
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones }],
    },
  },
  packagesOf(''),
  ...[...Object.keys(rooms), 'test/vscode', 'test/media'].map(packagesOf),
  { files: [DOOR_KEEPER], rules: forbidden(packagesNotOf('src/extension')) },
  // A page of its own is English.
  { files: ['webview/standalone/**/*.ts'], rules: forbidden(packagesNotOf('webview')) },
  {
    files: pure.map((room) => `${room}/**/*.ts`),
    rules: { 'no-restricted-globals': ['error', 'process', 'Buffer', 'require', '__dirname', '__filename'] },
  },
);
