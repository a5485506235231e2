import type { Disposable, Signal } from './dependencies.js';

/** Something to listen to, without `vscode`. */
export class Listeners {
  private readonly listeners = new Set<() => void>();

  readonly signal: Signal = (listener): Disposable => {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  };

  fire(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
