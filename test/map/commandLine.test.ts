import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, suite, test } from 'node:test';
import { Fault } from '../../src/map/fault.js';
import { commandLine, flagWithValue, parametersToFlags, type ShellFamily } from '../../src/map/flags.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { randomNumbers } from './syntheticMap.js';

const folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-shells-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The command as a shell finds it: writes down what it was given, and says so. */
const heard = path.join(folder, 'heard.json');
writeFileSync(
  path.join(folder, 'embedding-grid'),
  `#!/bin/sh\nexec '${process.execPath}' -e 'require("fs").writeFileSync("${heard}", JSON.stringify(process.argv.slice(1))); console.log("heard it")' -- "$@"\n`,
);
chmodSync(path.join(folder, 'embedding-grid'), 0o755);
const env = { ...process.env, PATH: `${folder}:${process.env.PATH ?? ''}`, HOME: folder, TERM: 'xterm' };

const found = (name: string): boolean =>
  (process.env.PATH ?? '').split(path.delimiter).some((place) => existsSync(path.join(place, name)));

/** Texts that want out of their quotes, one way or another, to run `touch ran`. */
const ESCAPES = [
  `'; touch ran; '`,
  `\\'; touch ran; #`,
  `\\\\'; touch ran; '\\`,
  `"; touch ran; "`,
  `\\"; touch ran; "\\`,
  '$(touch ran)',
  '`touch ran`',
  `'$(touch ran)'`,
  `"$(touch ran)"`,
  `don\u2019t; touch ran; \u2018x`,
  `\u201C; touch ran; \u201D$`,
  `\u201A; touch ran; \u201B\u201E`,
  '& touch ran &',
  `" & touch ran & "`,
  `' & touch ran & '`,
  '%CMDCMDLINE:~-1% & touch ran',
  '!!; touch ran',
  "it's !touch",
  '!$(touch ran)',
  '> ran',
  `' > ran '`,
  '--%; touch ran',
  '^& touch ran',
  '\\',
  `x\\`,
  '(touch ran)',
  '{ touch ran }',
  '~; touch ran',
  '=touch',
  '*',
  '@(touch ran)',
  '<(touch ran)',
  '-exec',
];
const PLAIN = [
  '',
  'plain',
  'two words',
  `it's`,
  `It's 100 %, isn't it?`,
  '"quoted" text',
  '$5 & up',
  `don't pay $5!`,
  '\\frac{a}{b}',
  'C:\\models\\it',
  '“typeset” — ‘quotes’ it’s',
  '日本語 👩‍🚀',
  '3,17',
  '60x40',
  'x["a"] < 3 && !y',
  ',x',
];
const ALPHABET = Array.from(`'"\\$\`!%&|;<>(){}[]^~#@=,* -x1\u2018\u2019\u201C\u201D\u201Aé`).concat('touch ran');

/** Texts of random pieces. */
function randomTexts(count: number): string[] {
  const random = randomNumbers(13);
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + Math.floor(6 * random()) }, () => ALPHABET[Math.floor(ALPHABET.length * random())]).join(
      '',
    ),
  );
}
const TEXTS = [...ESCAPES, ...PLAIN, ...randomTexts(2000)];

/** Those of the texts that can be written. */
const written = (family: ShellFamily, texts: readonly string[] = TEXTS): string[] =>
  texts.filter((text) => {
    try {
      return commandLine([text], family) !== '';
    } catch (error) {
      assert.ok(error instanceof Fault && error.code === 'bad-parameter');
      assert.match(error.hint ?? '', /--specification/);
      return false;
    }
  });

test('what people write can be pasted; line breaks, keys, halves of characters and endless texts are refused', () => {
  assert.deepEqual(written('posix', PLAIN), PLAIN);
  assert.deepEqual(
    PLAIN.filter((text) => !written('windows', PLAIN).includes(text)),
    ['"quoted" text', '$5 & up', 'x["a"] < 3 && !y'],
  );
  const refused = [
    'a\nb',
    'a\r',
    '\u0003',
    '\u001B[201~',
    '\t',
    '\u007F',
    '\u009B',
    '\uD800',
    'a\u2028',
    'x'.repeat(8001),
  ];
  for (const family of ['posix', 'windows'] as const) assert.deepEqual(written(family, refused), []);
  const prompt = 'The sea\u0003\r\r   touch ran\r';
  assert.throws(
    () => commandLine(parametersToFlags({ ...DEFAULT_PARAMETERS, context: { kind: 'prompt', text: prompt } })),
    { code: 'bad-parameter', hint: 'Save the map and draw it with --specification FILE.' },
  );
});

test('the usual has no quotes that it does not need', () => {
  const flags = ['embedding-grid', '--model', '/a/b-1.onnx', '--spacing', '0.5', ...flagWithValue('center', '-1,2')];
  const line = commandLine([...flags, '--prompt', `it's`]);
  assert.equal(line, `embedding-grid --model /a/b-1.onnx --spacing 0.5 "--center=-1,2" --prompt "it's"`);
  assert.equal(commandLine([...flags, '--prompt', `it's`], 'windows'), line);
});

/** How PowerShell reads a line: its arguments, or what it would do besides. */
function readByPowerShell(line: string): string[] | 'acts' {
  const single = /['\u2018-\u201B]/;
  const double = /["\u201C-\u201E]/;
  const read: string[] = [];
  let at = 0;
  while (at < line.length) {
    const first = line[at] ?? '';
    if (first === ' ') at++;
    else if (single.test(first) || double.test(first)) {
      const quote = single.test(first) ? single : double;
      let text = '';
      for (at++; ; at++) {
        const character = line[at];
        if (character === undefined) return read; // it waits for the end of the quotes
        if (quote === double && character === '$' && line[at + 1] === '(') return 'acts';
        if (quote === double && /[$`]/.test(character)) text += 'not what stands there';
        if (quote === double && character === '`') at++;
        if (quote.test(character) && !quote.test(line[++at] ?? '')) break;
        text += character;
      }
      read.push(text);
    } else {
      let text = '';
      // Quotes within a word are read, and end.
      for (; at < line.length && line[at] !== ' '; at++) {
        const character = line[at] ?? '';
        if (/[;|&<>()]/.test(character)) return 'acts';
        if (single.test(character) || double.test(character)) {
          const quote = single.test(character) ? single : double;
          for (at++; at < line.length && !quote.test(line[at] ?? ''); at++) text += line[at] ?? '';
        } else text += character;
      }
      read.push(text);
    }
  }
  return read;
}

/** Whether cmd would do more with a line than run it. */
function actsInCmd(line: string): boolean {
  if (/%[^%]+%/.test(line)) return true;
  return line.split('"').some((piece, i) => i % 2 === 0 && /[&|<>^]/.test(piece));
}

test('PowerShell reads the arguments of its line, and no line makes it or cmd do anything else', () => {
  for (const text of written('windows')) {
    const line = commandLine(['embedding-grid', '--prompt', text, '--seed', '1'], 'windows');
    assert.deepEqual(readByPowerShell(line), ['embedding-grid', '--prompt', text, '--seed', '1'], line);
    assert.ok(!actsInCmd(line), line);
  }
  for (const text of written('posix'))
    assert.notEqual(readByPowerShell(commandLine(['embedding-grid', '--prompt', text])), 'acts', text);
  assert.equal(readByPowerShell(`a 'don’t; calc.exe; ‘x'`), 'acts');
  const [percent, other] = ['50 % of', '% x'];
  assert.ok(!actsInCmd(commandLine([percent], 'windows')));
  assert.throws(() => commandLine([percent, other], 'windows'), { code: 'bad-parameter' });
});

/** How a shell is started for a person, without that person's files. */
const SHELLS: Readonly<Record<string, readonly string[]>> = {
  bash: ['--norc', '-i'],
  dash: ['-i'],
  zsh: ['-f', '-i'],
  fish: ['--no-config', '-i'],
};
const PROMPT = 'ready> ';

/** What the command was given when texts were pasted into a shell in a terminal, line by line. */
async function pasted(shell: string, lines: readonly string[], bracketed: boolean): Promise<readonly string[][]> {
  const start = `PS1='${PROMPT}' exec ${shell} ${(SHELLS[shell] ?? []).join(' ')}`;
  const terminal = spawn('script', ['-qfec', start, '/dev/null'], { cwd: folder, env });
  let output = '';
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise((resolve) => terminal.once('exit', resolve));
  const until = async (isSo: () => boolean): Promise<void> => {
    for (let wait = 0; !isSo(); wait++) {
      assert.ok(wait < 3000 && terminal.exitCode === null, `${shell} said: ${output.slice(-500)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  /** The command has run, and the shell reads again: what comes before is kept by the terminal, in lines that it cuts. */
  const isDone = (): boolean => /heard it[^]*ready> /.test(output);
  const all: string[][] = [];
  try {
    // Fish has no PS1. It too answers the first command when it is ready.
    terminal.stdin.write(shell === 'fish' ? `function fish_prompt; echo -n '${PROMPT}'; end\r` : '\r');
    await until(() => output.includes(PROMPT));
    for (const line of lines) {
      rmSync(heard, { force: true });
      output = '';
      terminal.stdin.write(bracketed ? `\u001B[200~${line}\u001B[201~\r` : `${line}\r`);
      await until(isDone);
      all.push(JSON.parse(readFileSync(heard, 'utf8')) as string[]);
    }
    terminal.stdin.write('exit\r');
    await ended;
  } finally {
    terminal.kill('SIGKILL');
  }
  return all;
}

/** Commands with all of the texts as prompts. */
function commandsOf(texts: readonly string[], family: ShellFamily): { args: string[]; line: string }[] {
  const commands = [];
  for (let i = 0; i < texts.length; i += 16) {
    const args = ['embedding-grid', ...texts.slice(i, i + 16).flatMap((text) => flagWithValue('prompt', text))];
    commands.push({ args, line: commandLine(args, family) });
  }
  return commands;
}

const posix = process.platform !== 'win32';
suite('In the shells that are here', { skip: !posix && 'needs a shell of Unix' }, () => {
  const ran = path.join(folder, 'ran');
  for (const shell of Object.keys(SHELLS).filter(found)) {
    test(`${shell} reads every text as it is`, () => {
      const texts = written('posix');
      for (let i = 0; i < texts.length; i += 400) {
        const args = texts.slice(i, i + 400).flatMap((text) => flagWithValue('prompt', text));
        // The whole would be too long to be pasted: each argument is written for itself.
        const line = ['embedding-grid', ...args.map((text) => commandLine([text]))].join(' ');
        execFileSync(shell, ['-c', line], { cwd: folder, env });
        assert.deepEqual(JSON.parse(readFileSync(heard, 'utf8')), args);
      }
      assert.ok(!existsSync(ran));
    });

    test(`${shell} runs nothing that is pasted into it but the command`, { timeout: 200_000 }, async () => {
      // Many at a time: an exclamation mark in one may look for the quotes of another.
      const lines = commandsOf(written('posix', [...ESCAPES, ...PLAIN]), 'posix');
      const given = lines.map(({ args }) => args.slice(1));
      const text = lines.map(({ line }) => line);
      assert.deepEqual(await pasted(shell, text, false), given);
      if (shell !== 'dash') assert.deepEqual(await pasted(shell, text, true), given);
      const windows = commandsOf(written('windows', [...ESCAPES, ...PLAIN]), 'windows');
      await pasted(
        shell,
        windows.map(({ line }) => line),
        false,
      );
      assert.ok(!existsSync(ran));
    });
  }
});
