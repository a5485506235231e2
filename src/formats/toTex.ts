import { readSvg, spokenOf } from './pdf/svgTree.js';

/** What LaTeX reads as commands, and signs of ours that its usual fonts have by names alone. */
const NAMES: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  $: '\\$',
  '&': '\\&',
  '#': '\\#',
  '%': '\\%',
  _: '\\_',
  '^': '\\textasciicircum{}',
  '~': '\\textasciitilde{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '"': '\\char34{}',
  '␣': '\\textvisiblespace{}',
  '·': '\\textperiodcentered{}',
  '…': '\\dots{}',
  '×': '\\ensuremath{\\times}',
  '−': '\\ensuremath{-}',
  '→': '\\ensuremath{\\to}',
  '≈': '\\ensuremath{\\approx}',
};

const inTex = (text: string): string => text.replace(/[\\{}$&#%_^~<>|"␣·…×−→≈]/g, (sign) => NAMES[sign] ?? sign);

/** Text for a comment: one line, whatever it holds. */
const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();

/**
 * The caption of a figure for a paper, by what its SVG says of itself: as text, and as LaTeX with the text for who does not see it.
 * Nothing of it is read as a command. Letters of other scripts stand as they are, as XeLaTeX and LuaLaTeX take them.
 */
export function toTex(svg: string): string {
  const { title, description } = spokenOf(readSvg(svg));
  const [whole, caption] = [plain(`${title}. ${description}`), inTex(plain(description))];
  return `% ${whole}
%
% Put the name of the picture in the place of PICTURE. The text for who does not see it (alt) needs LaTeX of 2021 or later.
\\begin{figure}
  \\centering
  \\includegraphics[width=\\linewidth,alt={${inTex(whole)}}]{PICTURE}
  \\caption{\\textbf{${inTex(plain(title))}.} ${caption}}
\\end{figure}
`;
}
