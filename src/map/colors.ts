import { bits } from './numbers.js';

/** sRGB, 0 ... 255 each. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** `dark` for dark themes; `light` for light themes, both high-contrast themes and exported pictures. */
export type ScaleName = 'light' | 'dark';

/** What the color of a cell tells. */
export const COLOR_BY = ['probability', 'token', 'margin', 'entropy', 'question'] as const;
export type ColorBy = (typeof COLOR_BY)[number];

/** The sequential scales, from unsure to confident; darker is more confident in every theme. */
export const SCALE_STOPS: Readonly<Record<ScaleName, readonly string[]>> = {
  light: ['#f2f6e0', '#9edbb2', '#46a9b3', '#216197', '#132154'],
  dark: ['#c6d2c0', '#81b6a5', '#378e9e', '#1f598a', '#192452'],
};

/** Entropy that is drawn as wholly unsure, in bits. */
export const ENTROPY_RANGE_BITS = 12;

type Oklab = readonly [lightness: number, a: number, b: number];

const toLinear = (channel: number): number =>
  channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
const fromLinear = (light: number): number => (light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055);

/** OKLab of sRGB (Björn Ottosson's matrices). */
export function oklabOf([red, green, blue]: Rgb): Oklab {
  const [r, g, b] = [toLinear(red / 255), toLinear(green / 255), toLinear(blue / 255)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** sRGB of OKLab, 0 ... 1 each where the color can be shown, outside where it cannot. */
function unclampedRgb([lightness, a, b]: Oklab): [number, number, number] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    fromLinear(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    fromLinear(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    fromLinear(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

const oklch = (lightness: number, chroma: number, hue: number): [number, number, number] =>
  unclampedRgb([lightness, chroma * Math.cos((hue * Math.PI) / 180), chroma * Math.sin((hue * Math.PI) / 180)]);

/** The largest chroma up to `chroma` that sRGB can show at that lightness and hue (degrees). */
function shownChroma(lightness: number, chroma: number, hue: number): number {
  const shows = (c: number): boolean => oklch(lightness, c, hue).every((channel) => channel > -1e-3 && channel < 1.001);
  if (shows(chroma)) return chroma;
  let low = 0;
  let high = chroma;
  for (let i = 0; i < 12; i++) {
    const middle = (low + high) / 2;
    if (shows(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** sRGB of OKLCH (hue in degrees); chroma is lowered as far as the color needs to be shown at that lightness and hue. */
export function rgbOfOklch(lightness: number, chroma: number, hue: number): Rgb {
  const [red, green, blue] = oklch(lightness, shownChroma(lightness, chroma, hue), hue);
  const eight = (channel: number): number => Math.round(Math.min(1, Math.max(0, channel)) * 255);
  return [eight(red), eight(green), eight(blue)];
}

/** `#rrggbb` as sRGB. */
export function parseHex(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** sRGB as `#rrggbb`; fractions are rounded. */
export const hexOf = (rgb: Rgb): string =>
  `#${rgb.map((channel) => Math.round(channel).toString(16).padStart(2, '0')).join('')}`;

const STEPS = 256;
const scales = new Map<ScaleName, readonly Rgb[]>();

/** The 256 colors of a scale, from unsure to confident, interpolated in OKLCH: lightness falls from each to the next. */
export function scaleColors(name: ScaleName): readonly Rgb[] {
  const known = scales.get(name);
  if (known) return known;
  const stops = SCALE_STOPS[name].map((hex) => {
    const [lightness, a, b] = oklabOf(parseHex(hex));
    return { lightness, chroma: Math.hypot(a, b), hue: (Math.atan2(b, a) * 180) / Math.PI };
  });
  const colors = Array.from({ length: STEPS }, (_, i): Rgb => {
    const at = (i / (STEPS - 1)) * (stops.length - 1);
    const from = stops[Math.min(Math.floor(at), stops.length - 2)];
    const to = stops[Math.min(Math.floor(at), stops.length - 2) + 1];
    if (!from || !to) return [0, 0, 0];
    const part = at - Math.min(Math.floor(at), stops.length - 2);
    const mix = (a: number, b: number): number => a + (b - a) * part;
    const turn = ((((to.hue - from.hue) % 360) + 540) % 360) - 180; // the shorter way around
    return rgbOfOklch(mix(from.lightness, to.lightness), mix(from.chroma, to.chroma), from.hue + turn * part);
  });
  scales.set(name, colors);
  return colors;
}

/**
 * The diverging scales: orange, a pale middle, blue, which people who see few colors tell apart as well; equally light on both
 * sides, darker farther from the middle. The middle is as pale as the sequential scale's end.
 */
const DIVERGING: Readonly<Record<ScaleName, { readonly middle: number; readonly end: number }>> = {
  light: { middle: 0.96, end: 0.38 },
  dark: { middle: 0.85, end: 0.36 },
};
const DIVERGING_HUES = [55, 255] as const;
const DIVERGING_CHROMA = 0.13;
const divergings = new Map<ScaleName, readonly Rgb[]>();

/** The 256 colors of a diverging scale, from the negative end over nothing to the positive one. */
export function divergingColors(name: ScaleName): readonly Rgb[] {
  const known = divergings.get(name);
  if (known) return known;
  const { middle, end } = DIVERGING[name];
  const colors = Array.from({ length: STEPS }, (_, i): Rgb => {
    const at = (2 * i) / (STEPS - 1) - 1;
    const strength = Math.abs(at);
    const hue = DIVERGING_HUES[at < 0 ? 0 : 1];
    const lightness = middle + (end - middle) * strength;
    // Both sides are as colorful as the side that can show less.
    const chroma = Math.min(
      ...DIVERGING_HUES.map((one) => shownChroma(lightness, DIVERGING_CHROMA * Math.min(1, 1.6 * strength), one)),
    );
    return rgbOfOklch(lightness, chroma, hue);
  });
  divergings.set(name, colors);
  return colors;
}

const clamp01 = (value: number): number => (value > 0 ? Math.min(1, value) : 0); // NaN: unsure

/** Color of a confidence 0 ... 1; values outside are drawn as the nearest end, NaN as 0. */
export function scaleColor(name: ScaleName, confidence: number): Rgb {
  return scaleColors(name)[Math.round(clamp01(confidence) * (STEPS - 1))] ?? [0, 0, 0];
}

/** Place of an entropy (nats) on a sequential scale: 0 bits is confident, 12 bits and more unsure. */
export const entropyConfidence = (nats: number): number => 1 - clamp01(bits(nats) / ENTROPY_RANGE_BITS);

/** Colors for tokens: 12 hues times 2 chromas. Slot `s` has hue `s % 12` and chroma `floor(s / 12)`. */
export const TOKEN_SLOTS = 24;
const HUES = 12;
/** The full chroma, and the other as a part of what can be shown of it. */
const CHROMA = 0.105;
const PALE = 0.5;
/** Lightness at probability 0 and at 1, equal for all slots. */
const TOKEN_LIGHTNESS: Readonly<Record<ScaleName, readonly [unsure: number, confident: number]>> = {
  light: [0.9, 0.38],
  dark: [0.79, 0.36],
};
/** Number of the hue of a color slot. */
export const hueOf = (slot: number): number => slot % HUES;

const tokenColors = new Map<string, Rgb>();

/** Color of a token's cell: hue and chroma from its slot, lightness from the probability (in 256 steps). */
export function tokenColor(name: ScaleName, slot: number, probability: number): Rgb {
  const step = Math.round(clamp01(probability) * (STEPS - 1));
  const key = `${name} ${slot} ${step}`;
  let color = tokenColors.get(key);
  if (!color) {
    const lightness = tokenLightness(name, step / (STEPS - 1));
    const hue = slotHue(slot);
    const chroma = shownChroma(lightness, CHROMA, hue);
    color = rgbOfOklch(lightness, slot < HUES ? chroma : chroma * PALE, hue);
    tokenColors.set(key, color);
  }
  return color;
}

const slotHue = (slot: number): number => 25 + hueOf(slot) * (360 / HUES);

/** Gray as light as tokens of that probability: what a color bar shows where color is the token. */
export const tokenGray = (name: ScaleName, probability: number): Rgb =>
  rgbOfOklch(tokenLightness(name, clamp01(probability)), 0, 0);

function tokenLightness(name: ScaleName, probability: number): number {
  const [unsure, confident] = TOKEN_LIGHTNESS[name];
  return unsure + (confident - unsure) * probability;
}

/**
 * By slot, as bits the slots that everybody tells from it: a CIEDE2000 of 8 at least at every probability, on light and on dark, as
 * people see it who see all colors, and who lack the long, the middle or the short waves (Machado, Oliveira and Fernandes, 2009,
 * severity 1). Lightness is the probability's, so that of 24 slots not all can be told apart by all: 105 of 276 pairs are. A test
 * has them of a library of colors.
 */
const APART = [
  0x3c03c0, 0x3e03c0, 0x3f83e0, 0xdf3fe0, 0xf00f00, 0x30060c, 0x00f00f, 0x80f00f, 0x80f01f, 0x83783f, 0x038038,
  0x018218, 0x3c03c8, 0x3c03c8, 0x3e03c0, 0xde0dc4, 0xe00e0c, 0x00c60e, 0x00f00f, 0x00f00f, 0x00f03f, 0x017037,
  0x018018, 0x018398,
] as const;

/** As bits, the slots that everybody tells from a slot; all where there is none of that number. */
export const apartFrom = (slot: number): number => APART[slot] ?? 2 ** TOKEN_SLOTS - 1;

/** Whether everybody tells the colors of two slots apart. */
export const areApart = (a: number, b: number): boolean => ((apartFrom(a) >> b) & 1) === 1;

/** The slot that a token gets when nothing speaks against it: a hash (FNV-1a) of its text. */
export function preferredSlot(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return ((hash ^ (hash >>> 16)) >>> 0) % TOKEN_SLOTS;
}

/** Relative luminance 0 ... 1 as WCAG 2 defines it. */
export function luminance([red, green, blue]: Rgb): number {
  return 0.2126 * toLinear(red / 255) + 0.7152 * toLinear(green / 255) + 0.0722 * toLinear(blue / 255);
}

/** Whether white ink contrasts more than black on this color (at least 4.58 : 1 then, whatever the color). */
export const isDark = (rgb: Rgb): boolean => {
  const y = luminance(rgb) + 0.05;
  return 1.05 / y > y / 0.05;
};

/** Black or white, whichever contrasts more. */
export const inkOn = (rgb: Rgb): '#000000' | '#ffffff' => (isDark(rgb) ? '#ffffff' : '#000000');

/** Borders between regions, as drawn over light and over dark cells; heavier where not everybody tells their colors apart. */
export const BORDER = {
  width: 1.25,
  heavier: 2.5,
  onLight: { color: '#000000', opacity: 0.62 },
  onDark: { color: '#ffffff', opacity: 0.6 },
} as const;

/** The halo behind a region's label: the mean color of the cells below it. */
export const HALO = { width: 3, opacity: 0.55 } as const;

/** Ink of glyphs such as `␣` that stand for what cannot be seen. */
export const GLYPH_OPACITY = 0.6;
