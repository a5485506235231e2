import { t } from '@vscode/l10n';
import { Fault } from '../map/fault.js';
import { readoutText } from '../map/series/series.js';
import type { LensTable } from '../map/lens/lensTable.js';
import { DEFAULT_DISPLAY } from '../map/mapDisplay.js';
import { contextOf, type MapSpecification } from '../map/specification.js';
import { type HostMessage, stillSlot } from '../protocol/page.js';
import type { LensChoice } from '../protocol/panelSettings.js';
import type { SavedLensDependencies } from './dependencies.js';
import { SavedPage } from './savedPage.js';
import { stillPanel } from './savedSlot.js';

/** The host of a page that shows a saved lens over layers and positions, alone: it has neither an engine nor a map. */
export class SavedLensController {
  private readonly page: SavedPage;

  constructor(
    private readonly deps: SavedLensDependencies,
    private readonly lenses: readonly [LensTable, ...LensTable[]],
  ) {
    this.page = new SavedPage('lens', deps, {
      sendState: () => this.sendState(),
      receive: ({ type }) => {
        if (type !== 'ready') return;
        this.sendState();
        this.page.send({ type: 'lens', lenses });
      },
      perform: async (action) => {
        if (action === 'exportPicture') await deps.exportSet({ kind: 'lens', tables: lenses });
        else if (action === 'editAndRun')
          await deps.editAndRun({ specification: centerOf(lenses[0]) }, choiceOf(lenses));
      },
    });
  }

  connect = (post: (message: HostMessage) => void): void => this.page.connect(post);
  receive = (data: unknown): void => this.page.receive(data);
  dispose = (): void => this.page.dispose();

  private sendState(): void {
    const choice = choiceOf(this.lenses);
    this.page.send({
      type: 'state',
      state: {
        ...stillPanel(this.deps),
        display: DEFAULT_DISPLAY,
        tokenColors: this.deps.tokenColors.read(),
        lens: { choice, running: false, progress: null, fault: this.page.fault },
      },
      slots: {
        main: stillSlot(this.lenses[0].parameters, { ok: false, reason: t('a saved lens has the cells that it has') }),
      },
    });
  }
}

/** What a panel shows these lenses by. */
function choiceOf([first, ...more]: readonly [LensTable, ...LensTable[]]): LensChoice {
  const { named } = first;
  return {
    prompt: promptOf(first),
    token: named ? (named.token.kind === 'text' ? named.token.text : named.token.id) : null,
    beside: more.map(({ parameters }) => readoutText(parameters)),
  };
}

function promptOf({ parameters }: LensTable): LensChoice['prompt'] {
  const context = contextOf(parameters);
  if (context.kind === 'prompt' || context.kind === 'tokens') return context;
  throw new Fault({ code: 'internal', message: 'A lens reads a prompt.' });
}

/** The map through the prompt's last position at the last layer, with the lens's readout. */
function centerOf(lens: LensTable): MapSpecification {
  const { parameters, model, blocks } = lens;
  const context = promptOf(lens);
  return { ...parameters, model, layer: blocks - 1, context, plane: { ...parameters.plane, center: context } };
}
