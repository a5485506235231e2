import { t } from '@vscode/l10n';
import os from 'node:os';
import * as vscode from 'vscode';
import { choicesOf } from '../hub/download/choice.js';
import { download, type DownloadPlan, lookUp, planOf } from '../hub/download/download.js';
import { searchHub } from '../hub/download/search.js';
import { type HubSettings, hubSettings } from '../hub/download/settings.js';
import { aboutPlan, downloadProgress, filesOfPlan, sizeOfPlan } from '../hub/download/words.js';
import { type HubName, parseHubName } from '../hub/names.js';
import { Fault } from '../map/fault.js';
import { formatBytes, formatCount } from '../map/numbers.js';
import { logFault } from './log.js';
import type { Services } from './services.js';
import { requireTrustForNetwork } from './trust.js';
import { ask, type Found, pick, pickFound, showError, showInformation, whileReporting } from './window.js';

/** Between two reports of progress, in ms. */
const REPORT_MS = 250;
/** Files that a question lists; a large checkpoint has a hundred. */
const MOST_LISTED = 12;

/**
 * Fetches a model from the Hugging Face hub: it is searched, said what would be fetched, and fetched where a person agrees. A
 * download that ends early can be gone on with.
 * @param mapModel called with the model's path where a person wants its map
 * @throws Fault of the plan, and in Restricted Mode
 */
export async function downloadModel(
  { log, models }: Pick<Services, 'log' | 'models'>,
  mapModel: (modelPath: string) => Promise<void>,
): Promise<void> {
  requireTrustForNetwork();
  const settings = settingsOfWindow();
  const name = await searchModel(settings);
  const plan = name && (await planWith(name, settings));
  if (!plan || !(await agreed(plan))) return;
  const place = await fetchPatiently(plan, settings, (fault) => logFault(log, fault));
  if (place === undefined) return;
  models.search();
  if (await showInformation(t('"{0}" is downloaded.', plan.repository.name), t('Generate Map'))) await mapModel(place);
}

/** As the environment has it, and VS Code's own settings of proxies. */
function settingsOfWindow(): HubSettings {
  const http = vscode.workspace.getConfiguration('http');
  const text = (key: string): string => {
    const value = http.get<unknown>(key);
    return typeof value === 'string' ? value.trim() : '';
  };
  if (text('proxySupport') === 'off' || text('proxy') === '') return hubSettings();
  const excluded = http.get<unknown>('noProxy');
  const env =
    Array.isArray(excluded) && excluded.length > 0 ? { ...process.env, no_proxy: excluded.join() } : process.env;
  return hubSettings(env, os.homedir(), text('proxy'));
}

type FoundName = vscode.QuickPickItem & { readonly name: HubName };

async function searchModel(settings: HubSettings): Promise<HubName | undefined> {
  const find = async (text: string, signal: AbortSignal): Promise<Found<FoundName>> => {
    const typed = parseHubName(text);
    const own: FoundName[] =
      typed?.repository.includes('/') === true ? [{ name: typed, label: text, description: t('as typed') }] : [];
    try {
      const found = (await searchHub(text, { settings, signal })).filter(({ name }) => name !== text);
      const items = found.flatMap(({ name, kinds, downloads, licence, gated }): FoundName[] => {
        const parsed = parseHubName(name);
        const about = [
          ...kinds,
          ...(licence === undefined ? [] : [licence]),
          ...(gated ? ['gated'] : []),
          ...(downloads === undefined ? [] : [t('{0} downloads a month', formatCount(downloads))]),
        ];
        return parsed ? [{ name: parsed, label: name, description: about.join(' · ') }] : [];
      });
      const none = own.length + items.length === 0 ? { problem: t('No language model was found by "{0}".', text) } : {};
      return { items: [...own, ...items], ...none };
    } catch (error) {
      return { items: own, problem: Fault.from(error).message };
    }
  };
  const picked = await pickFound({
    title: t('Download from Hugging Face'),
    placeHolder: t('A part of a model’s name, or ORG/NAME[/FILE][@REVISION]'),
    icon: 'cloud-download',
    find,
  });
  return picked?.name;
}

/** What would be fetched. Of several models in one repository one is asked for. */
async function planWith(name: HubName, settings: HubSettings): Promise<DownloadPlan | undefined> {
  const asking = t('Asking Hugging Face about "{0}"', name.repository);
  const repository = await whileReporting(asking, (_, signal) => lookUp(name, { settings, signal }));
  let file = name.file;
  if (file === undefined) {
    const choices = choicesOf(repository).map(({ file: own, files }) => {
      const sizes = files.map(({ size }) => size ?? NaN);
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      const [largest] = [...files].sort((a, b) => (b.size ?? 0) - (a.size ?? 0));
      return {
        own,
        label: own ?? largest?.path ?? repository.name,
        description: [Number.isNaN(bytes) ? [] : formatBytes(bytes), own === undefined ? 'usual' : []]
          .flat()
          .join(' · '),
      };
    });
    const [only] = choices;
    const chosen =
      choices.length === 1
        ? only
        : await pick(choices, {
            title: t('"{0}" holds several models', repository.name),
            placeHolder: t('Which is fetched'),
          });
    if (!chosen) return undefined;
    file = chosen.own;
  }
  return whileReporting(asking, (_, signal) => planOf({ ...name, file }, repository, { settings, signal }));
}

async function agreed(plan: DownloadPlan): Promise<boolean> {
  const files = filesOfPlan(plan).map((line) => line.replace(/ {2,}/, ' \u2013 '));
  const more = files.length - MOST_LISTED;
  const detail = [
    aboutPlan(plan),
    sizeOfPlan(plan),
    '',
    ...files.slice(0, MOST_LISTED),
    ...(more > 0 ? [t('and {0} more', more)] : []),
  ];
  return (await ask(t('Download "{0}"?', plan.repository.name), detail.join('\n'), t('Download'))) === t('Download');
}

/** Fetches, and goes on as often as a person asks. @returns the model's path; undefined where it was left */
async function fetchPatiently(
  plan: DownloadPlan,
  settings: HubSettings,
  logged: (fault: Fault) => void,
): Promise<string | undefined> {
  for (;;) {
    let percent = 0;
    try {
      return await whileReporting(t('Downloading "{0}"', plan.repository.name), async (report, signal) => {
        const words = downloadProgress();
        let untold: { readonly done: number; readonly total: number; readonly file: string } | undefined;
        const onProgress = (done: number, total: number, file: string): void => {
          percent = total === 0 ? 100 : Math.floor((100 * done) / total);
          untold = { done, total, file };
        };
        // By the clock, so that the last is told also where nothing comes after it.
        const telling = setInterval(() => {
          if (!untold) return;
          const { done, total, file } = untold;
          untold = undefined;
          report(words(done, total, file, performance.now()), total === 0 ? 1 : done / total);
        }, REPORT_MS);
        try {
          return await download(plan, { settings, signal, onProgress });
        } finally {
          clearInterval(telling);
        }
      });
    } catch (error) {
      const fault = Fault.from(error);
      const name = plan.repository.name;
      if (fault.code === 'cancelled') {
        const said = t('The download of "{0}" was stopped at {1}%. What has come is kept.', name, percent);
        if (!(await showInformation(said, t('Resume')))) return undefined;
      } else {
        logged(fault);
        const said = [fault.message, ...(fault.hint === undefined ? [] : [fault.hint])].join(' ');
        if (!(await showError(said, t('Resume')))) return undefined;
      }
    }
  }
}
