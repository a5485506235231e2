/** Puts what the system is set to, light or dark, more contrast or not, on the document as VS Code would: styles and canvases follow. */
export function followScheme(): void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const contrast = matchMedia('(prefers-contrast: more), (forced-colors: active)');
  const put = (): void => {
    const kind = dark.matches ? 'dark' : 'light';
    const high = dark.matches ? 'high-contrast' : 'high-contrast-light';
    document.body.className = `vscode-${contrast.matches ? high : kind}`;
  };
  put();
  for (const query of [dark, contrast]) query.addEventListener('change', put);
}
