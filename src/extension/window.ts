/**
 * The one door to what VS Code itself draws of our words: notifications, dialogs, quick picks, input boxes, the status bar,
 * trees, titles. VS Code reads links (`[label](command:...)`) and icons (`$(name)`) in many of them, and our words quote files,
 * models, tokens, paths and settings, which may be a stranger's. Here all of it is text; the linter keeps the other doors shut.
 */
import * as vscode from 'vscode';
import { plain } from './plainText.js';

/** A notification. The answer is the button that was pressed. */
type Notify = <Button extends string>(text: string, ...buttons: Button[]) => Promise<Button | undefined>;

export const showError: Notify = async (text, ...buttons) => vscode.window.showErrorMessage(plain(text), ...buttons);
export const showWarning: Notify = async (text, ...buttons) =>
  vscode.window.showWarningMessage(plain(text), ...buttons);
export const showInformation: Notify = async (text, ...buttons) =>
  vscode.window.showInformationMessage(plain(text), ...buttons);

/** A question that must be answered: the button, or undefined where it was cancelled. `detail`: lines. */
export async function ask<Button extends string>(
  text: string,
  detail: string,
  ...buttons: Button[]
): Promise<Button | undefined> {
  return vscode.window.showWarningMessage(
    plain(text),
    { modal: true, detail: detail.split('\n').map(plain).join('\n') },
    ...buttons,
  );
}

/** Says in the status bar, for some seconds, that something was done. */
export function showBriefly(icon: 'check' | 'terminal', text: string): void {
  vscode.window.setStatusBarMessage(`$(${icon}) ${plain(text)}`, 5000);
}

/** Says in the status bar what is being done, until it is. */
export async function whileSaying<T>(text: string, act: () => Promise<T>): Promise<T> {
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: plain(text) }, act);
}

/** A lasting item of the status bar. */
export interface StatusItem {
  /** What it says, behind a spinning wheel; undefined: it is not seen. */
  show(text: string | undefined): void;
  dispose(): void;
}

export function statusItem(id: string, options: { readonly tooltip: string; readonly command: string }): StatusItem {
  const item = vscode.window.createStatusBarItem(id, vscode.StatusBarAlignment.Left);
  item.name = 'Embedding Grid';
  item.tooltip = plain(options.tooltip);
  item.command = options.command;
  return {
    show: (text) => {
      if (text === undefined) return item.hide();
      item.text = `$(loading~spin) ${plain(text)}`;
      item.show();
    },
    dispose: () => item.dispose(),
  };
}

/** Asks for one of some items; undefined: none. */
export async function pick<Item extends vscode.QuickPickItem>(
  items: readonly Item[],
  options: { readonly title: string; readonly placeHolder?: string },
): Promise<Item | undefined> {
  const shown = items.map((item) => ({
    ...item,
    label: plain(item.label),
    ...(item.description === undefined ? {} : { description: plain(item.description) }),
    ...(item.detail === undefined ? {} : { detail: plain(item.detail) }),
    item,
  }));
  const picked = await vscode.window.showQuickPick(shown, {
    title: plain(options.title),
    ...(options.placeHolder === undefined ? {} : { placeHolder: plain(options.placeHolder) }),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return picked?.item;
}

/** What a search finds, or why it found nothing. */
export interface Found<Item> {
  readonly items: readonly Item[];
  readonly problem?: string;
}

/** A pause in typing after which is searched, in ms. */
const TYPING_MS = 300;

/** Asks for one of what is found by the text that is typed; undefined: none. What is shown is not filtered further. */
export async function pickFound<Item extends vscode.QuickPickItem>(options: {
  readonly title: string;
  readonly placeHolder: string;
  readonly icon: string;
  find(text: string, signal: AbortSignal): Promise<Found<Item>>;
}): Promise<Item | undefined> {
  const picker = vscode.window.createQuickPick<vscode.QuickPickItem & { readonly item?: Item }>();
  picker.title = plain(options.title);
  picker.placeholder = options.placeHolder;
  let searching = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const search = async (text: string, { signal }: AbortController): Promise<void> => {
    const { items, problem } = await options.find(text, signal);
    if (signal.aborted) return;
    picker.busy = false;
    picker.items = items.map((item) => ({
      alwaysShow: true,
      label: plain(item.label),
      ...(item.description === undefined ? {} : { description: plain(item.description) }),
      iconPath: new vscode.ThemeIcon(options.icon),
      item,
    }));
    if (problem !== undefined)
      picker.items = [
        ...picker.items,
        { alwaysShow: true, label: plain(problem), iconPath: new vscode.ThemeIcon('warning') },
      ];
  };
  picker.onDidChangeValue((typed) => {
    searching.abort();
    clearTimeout(timer);
    searching = new AbortController();
    const text = typed.trim();
    picker.busy = text !== '';
    picker.items = [];
    if (text !== '') timer = setTimeout(() => void search(text, searching), TYPING_MS);
  });
  const picked = new Promise<Item | undefined>((resolve) => {
    picker.onDidAccept(() => {
      const [chosen] = picker.selectedItems;
      if (chosen?.item) resolve(chosen.item);
    });
    picker.onDidHide(() => resolve(undefined));
  });
  picker.show();
  try {
    return await picked;
  } finally {
    searching.abort();
    clearTimeout(timer);
    picker.dispose();
  }
}

/** Says in a notification how far something is, which can be cancelled there. `report`: what is said, and 0 ... 1. */
export async function whileReporting<T>(
  title: string,
  act: (report: (text: string, share: number) => void, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, cancellable: true, title: plain(title) },
    async (progress, token) => {
      token.onCancellationRequested(() => abort.abort());
      let said = 0;
      return act((text, share) => {
        progress.report({ message: plain(text), increment: 100 * (share - said) });
        said = share;
      }, abort.signal);
    },
  );
}

/** Asks for a line of text; undefined: none. `problem` says what is wrong with what was typed. */
export async function askForText(options: {
  readonly title: string;
  readonly prompt: string;
  readonly value: string;
  problem(typed: string): string | undefined;
}): Promise<string | undefined> {
  return vscode.window.showInputBox({
    title: plain(options.title),
    prompt: plain(options.prompt),
    value: options.value,
    validateInput: (typed) => {
      const problem = options.problem(typed);
      return problem === undefined ? undefined : plain(problem);
    },
  });
}

/** A line of a tree, by its label, with what it says beside that. `tooltip`: lines. */
export function treeLine(
  label: string,
  {
    description,
    tooltip = [],
    ...rest
  }: Omit<Partial<vscode.TreeItem>, 'label' | 'description' | 'tooltip'> & {
    readonly description?: string;
    readonly tooltip?: readonly string[];
  } = {},
): vscode.TreeItem {
  const item = new vscode.TreeItem(plain(label));
  if (description !== undefined) item.description = plain(description);
  if (tooltip.length > 0) item.tooltip = tooltip.map(plain).join('\n');
  return Object.assign(item, rest);
}

/** A view that shows a tree, of which several lines can be selected. */
export const treeView = <T>(id: string, treeDataProvider: vscode.TreeDataProvider<T>): vscode.Disposable =>
  vscode.window.createTreeView(id, { treeDataProvider, canSelectMany: true });
