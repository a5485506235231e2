/** What the page is put together from. */
export interface PageParts {
  /** Addresses that a webview can load. */
  readonly script: string;
  readonly styles: string;
  /** The webview's own source for styles and fonts. */
  readonly source: string;
  /** 128 random bits at least, another one each time. */
  readonly nonce: string;
  /** The page's language; left out: English. */
  readonly language?: Language | undefined;
}

/** A language other than English. */
export interface Language {
  /** As VS Code names it: `de`. */
  readonly name: string;
  /** English sentences and what they are in it: a bundle of `l10n/`. */
  readonly words: Readonly<Record<string, string>>;
}

/** The page. Nothing of it comes from a model or a map: those go in as messages. */
export function pageHtml({ script, styles, source, nonce, language }: PageParts): string {
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${source} 'nonce-${nonce}'`,
    `font-src ${source}`,
    // plotly.js draws a heatmap as a picture in a data: address.
    `img-src data: blob:`,
  ].join('; ');
  const { name, words } = language ?? { name: 'en' };
  return `<!DOCTYPE html>
<html lang="${attribute(name)}"${words ? ` data-words="${attribute(JSON.stringify(words))}"` : ''}>
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${policy}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Embedding Grid</title>
    <link rel="stylesheet" href="${styles}" />
    <!-- plotly.js writes its rules into the sheet of this name: with the nonce they are allowed. -->
    <style nonce="${nonce}" id="plotly.js-style-global"></style>
  </head>
  <body data-vscode-context='{"preventDefaultContextMenuItems": true}'>
    <script type="module" nonce="${nonce}" src="${script}"></script>
  </body>
</html>
`;
}

const attribute = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
