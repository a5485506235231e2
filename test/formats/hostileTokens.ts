import type { Token } from '../../src/map/token.js';

const TEXTS = [
  '<img src=x onerror=alert(1)>',
  '\u202Eevil',
  '\0nul',
  'long'.repeat(2500),
  '😀🎉',
  'नमस्ते',
  'السلام',
  ' Paris',
  'Paris',
  '\n\n',
  '    ',
  '\uD83D',
  '\uDE00',
  '\u0301',
  'a\u200Bb',
  '日本語',
  '</text><script>alert(1)</script>',
  '&amp;"\'',
  '\u001B[31mred\u009B0m',
  ' שלום',
  `e${'\u0301'.repeat(40)}`,
  '=1+1',
  '+cmd|x',
  '-2',
  '@SUM(A1)',
  '\t=1',
  '\r',
  'a,b;"c"',
  ']]>',
  '\uFFFE\uFFFF',
  '\uFEFF',
  '__proto__',
  '\u2028line',
  '',
];

/** How a text may stand in a token besides: what opens a tag, an attribute, an entity or a script around it. */
const AROUND: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `"><svg onload=alert(1)>${text}`,
  (text) => `' onmouseover='alert(1)' ${text}`,
  (text) => `</script><script>alert(1)</script>${text}`,
  (text) => `javascript:alert(1)//${text}`,
  (text) => `]]>--><style>*{display:none}</style>${text}`,
];

/** Two hundred tokens of a stranger, each with an id of its own. */
export const HOSTILE_VOCABULARY: readonly Token[] = Array.from({ length: 200 }, (_, id) => {
  const around = AROUND[Math.floor(id / TEXTS.length) % AROUND.length];
  return { id, kind: 'text', text: around?.(TEXTS[id % TEXTS.length] ?? '') ?? '' };
});

/** Tokens that try to break out of every format. */
export const HOSTILE_TOKENS: readonly Token[] = [
  ...TEXTS.map((text, id): Token => ({ id, kind: 'text', text })),
  { id: TEXTS.length, kind: 'bytes', text: '0xE2 0x80' },
  { id: TEXTS.length + 1, kind: 'special', text: '<|endoftext|>' },
  { id: TEXTS.length + 2, kind: 'unknown', text: `#${TEXTS.length + 2}` },
];
