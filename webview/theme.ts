import type { ScaleName } from '../src/map/colors.js';
import type { ColorScaleChoice } from '../src/protocol/page.js';

/** What canvases need of VS Code's theme; the rest of the page uses its CSS variables. */
export interface Theme {
  readonly kind: 'light' | 'dark' | 'high-contrast' | 'high-contrast-light';
  readonly background: string;
  readonly foreground: string;
  readonly description: string;
  readonly activeBorder: string;
  readonly font: string;
}

export const isHighContrast = (theme: Theme): boolean => theme.kind.startsWith('high-contrast');
export const isDarkTheme = (theme: Theme): boolean => theme.kind === 'dark' || theme.kind === 'high-contrast';

/** The map's scale in a theme. */
export const scaleOf = (theme: Theme, choice: ColorScaleChoice): ScaleName =>
  choice === 'theme' ? (theme.kind === 'dark' ? 'dark' : 'light') : choice;

/** Reads the theme that VS Code has put on the document. */
export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const variable = (name: string, otherwise: string): string =>
    style.getPropertyValue(`--vscode-${name}`).trim() || otherwise;
  const classes = document.body.classList;
  const kind = classes.contains('vscode-high-contrast-light')
    ? 'high-contrast-light'
    : classes.contains('vscode-high-contrast')
      ? 'high-contrast'
      : classes.contains('vscode-light')
        ? 'light'
        : 'dark';
  const foreground = variable('foreground', kind.endsWith('light') ? '#000000' : '#ffffff');
  return {
    kind,
    background: variable('editor-background', kind.endsWith('light') ? '#ffffff' : '#1f1f1f'),
    foreground,
    description: variable('descriptionForeground', foreground),
    activeBorder: variable('contrastActiveBorder', variable('focusBorder', '#0078d4')),
    font: variable('font-family', 'system-ui, sans-serif'),
  };
}

/** Calls back when VS Code changes the theme: it rewrites the variables on <html> and the classes of <body>. */
export function onThemeChange(listener: () => void): void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
}
