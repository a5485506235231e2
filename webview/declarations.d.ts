// The parts of plotly.js that make our bundle come without types of their own: these are what we use of them.
declare module 'plotly.js/lib/core' {
  const core: {
    register(modules: readonly unknown[]): void;
    react(element: HTMLElement, traces: readonly object[], layout: object, config: object): Promise<unknown>;
    relayout(element: HTMLElement, change: Readonly<Record<string, unknown>>): Promise<unknown>;
    purge(element: HTMLElement): void;
  };
  export default core;
}
declare module 'plotly.js/lib/heatmap' {
  const heatmap: unknown;
  export default heatmap;
}
declare module '*.css';
