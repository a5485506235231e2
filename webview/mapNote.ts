import { t } from '@vscode/l10n';
import { boundaryLine } from '../src/map/boundaries/words.js';
import { safeText } from '../src/map/display.js';
import { faithfulness, faithfulWarning, faithfulWords } from '../src/map/faithfulness.js';
import { capital, contextBrief, layerBrief } from '../src/map/naming.js';
import { formatCount } from '../src/map/numbers.js';
import { sameContext } from '../src/map/specification.js';
import type { HostState } from '../src/protocol/page.js';
import { h, icon, setAttributes, setText, show } from './dom.js';
import type { PageMap } from './pageMap.js';
import type { PageState, Store } from './store.js';

/**
 * The line at a map that says what is not to be taken for granted: whose it is, where the settings are others by now; and its
 * context, where that is not the prompt that the plane is laid through; how near its center is to another prediction; and how many
 * of the texts on it stand where the model says what it says of them.
 */
export function createMapNote(store: Store): HTMLElement {
  const whose = h('span', { class: 'map-whose' });
  const old = h('span', { class: 'map-old' }, icon('history'), whose);
  const context = h('span');
  const element = h('p', { class: 'map-note', role: 'note' }, old, context);
  store.onDraw((state) => {
    const { base, host } = state;
    setText(whose, base && host && isOutdated(state) ? outdatedText(base, host) : '');
    show(old, isOutdated(state));
    setText(
      context,
      // What lies between two maps has no center and no context of its own.
      base && !base.changes
        ? [colorNote(state), contextNote(base), axesNote(base), faithNote(base), boundaryNote(base)]
            .filter(Boolean)
            .join(' · ')
        : '',
    );
    setAttributes(element, { title: element.textContent || undefined });
  });
  return element;
}

/** The tab that is chosen may ask what this map was not: then colors tell what they tell without it. */
const colorNote = ({ base, ui }: PageState): string =>
  ui.colorBy === 'question' && base && !base.specification.question
    ? t('Colors show the probability: this map was asked no question')
    : '';

/** Prompt A says at its place what the model says of it only where it is the context as well. */
function contextNote({ specification: { plane, context } }: PageMap): string {
  const { center } = plane;
  const follows = (center.kind !== 'prompt' && center.kind !== 'tokens') || sameContext(context, center);
  return follows ? '' : t('Context: {0}, not prompt A', contextBrief(context));
}

/** Axes that span no plane, as of prompts that are the same: then cells are stripes. */
function axesNote({ specification: { plane }, finish, survey }: PageMap): string {
  const gram = finish?.gram ?? survey?.gram;
  if (!gram) return '';
  const { cc, uu, uv, vv } = gram;
  if (plane.axes.method === 'directions') {
    if (uu <= NOTHING * cc) return t('B is where A is: nothing changes along x');
    if (vv <= NOTHING * cc) return t('C is where A is: nothing changes along y');
  }
  return uu * vv - uv * uv <= NOTHING * uu * vv
    ? t('x and y lead along one line: the map shows that line, not a plane')
    : '';
}

/** Of a square of lengths, or of the sine of an angle: what rounding may leave of none. */
const NOTHING = 1e-10;

function faithNote({ survey }: PageMap): string {
  const counts = survey ? faithfulness(survey) : undefined;
  if (!counts) return '';
  return faithfulWarning(counts) === undefined
    ? faithfulWords(counts)
    : t('Only {0} of {1} texts stand on what the model says', formatCount(counts.faithful), formatCount(counts.texts));
}

function boundaryNote({ survey }: PageMap): string {
  return survey?.boundary ? capital(boundaryLine(survey.boundary)) : '';
}

/** Whether the map that is seen is of other settings than those that stand in the fields. */
export const isOutdated = ({ base, host }: PageState): boolean => base !== null && host?.outdated === base.id;

function outdatedText({ specification: { model, layer } }: PageMap, { run, model: now }: HostState): string {
  const rewritten = now.status === 'ready' && now.name === model.name && now.summary.reference.sha256 !== model.sha256;
  const since = rewritten ? t('the model was written again since') : t('parameters changed since');
  const until = run.status === 'running' ? t('until the first cells of the new one') : since;
  return t('Map of {0}, {1} · {2}', safeText(model.name, 32), layerBrief(layer), until);
}
