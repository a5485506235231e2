/** As much of culori as `colors.test.ts` uses. */
declare module 'culori' {
  /** sRGB, 0 ... 1 each. */
  export interface Seen {
    readonly mode: 'rgb';
    readonly r: number;
    readonly g: number;
    readonly b: number;
  }
  /** CIELAB under D65. */
  export interface Lab {
    readonly mode: 'lab65';
    readonly l: number;
    readonly a: number;
    readonly b: number;
  }
  type Light = Omit<Seen, 'mode'> & { readonly mode: 'lrgb' };
  export function converter(mode: 'lab65'): (color: Seen | Light) => Lab;
  export function differenceCiede2000(): (a: Lab, b: Lab) => number;
  export function filterDeficiencyProt(severity: number): (color: Seen) => Seen;
  export function filterDeficiencyDeuter(severity: number): (color: Seen) => Seen;
  export function filterDeficiencyTrit(severity: number): (color: Seen) => Seen;
}
