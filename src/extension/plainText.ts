import { safeText } from '../map/display.js';

/** VS Code shows fewer of a notification. */
const MOST_CHARACTERS = 1000;
/** Stands unseen between the two characters that make a link or an icon. {@link safeText} lets none of a stranger's through. */
const BREAK = '\u200B';

/**
 * Any text as one line that VS Code draws as it is: it finds no link in it (`[label](command:...)`) and no icon (`$(name)`), and
 * nothing in it is invisible or turns direction.
 */
export const plain = (text: string): string =>
  safeText(text.replace(/\s*[\r\n]+\s*/g, ' '), MOST_CHARACTERS).replace(/[\]$](?=\()/g, `$&${BREAK}`);
