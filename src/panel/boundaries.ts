import { t } from '@vscode/l10n';
import type { EngineLease } from '../host/engineLease.js';
import { canonical } from '../map/dependence.js';
import type { BoundaryQuestion } from '../map/boundaries/directions.js';
import { tokenText } from '../map/display.js';
import { Fault } from '../map/fault.js';
import { betweenBoundaries, centerToSearchFrom } from '../map/presets.js';
import type { MapParameters } from '../map/specification.js';
import type { StateBoundaries } from '../protocol/boundaries.js';
import type { BoundaryNews, SlotNews, ToldBoundaries } from '../protocol/page.js';
import type { MapRecord } from './mapRecord.js';

/** Directions of a kind that are asked for, and texts on the map that it is gone toward, at most. */
const DIRECTIONS = 16;
const MOST_TEXTS = 12;

/** What the inspector asks: coarser than the command line does, since a person waits; and toward the texts that stand on the map. */
const questionAbout = ({ overlays, plane: { center }, layer }: MapParameters): BoundaryQuestion => ({
  nearest: 5,
  directions: [
    { kind: 'axes' },
    { kind: 'random', count: DIRECTIONS, seed: 0 },
    { kind: 'covariance', count: DIRECTIONS, seed: 0, texts: null },
    ...overlays
      .flatMap((one) => (one.kind === 'state' ? [{ kind: 'toward', source: one.prompt } as const] : []))
      // There is no direction to the state itself, which before the first block all have that end alike.
      .filter(({ source }) => layer !== 'embeddings' && canonical(source) !== canonical(center))
      .slice(0, MOST_TEXTS),
  ],
  steps: 100,
  reach: 4,
});

/** The boundaries around the center of the shown map: asked for one map at a time. */
export class Boundaries {
  private asking: AbortController | undefined;

  constructor(
    private readonly lease: (record: MapRecord) => Promise<EngineLease>,
    private readonly post: (news: SlotNews) => void,
  ) {}

  async ask(record: MapRecord, batchSize: number): Promise<void> {
    this.forget();
    const { signal } = (this.asking = new AbortController());
    let probes = 0;
    const tell = (rest: Pick<BoundaryNews, 'told' | 'fault'>): void => {
      if (!signal.aborted) this.post({ type: 'boundaries', boundaries: { map: record.id, probes, ...rest } });
    };
    tell({ told: null, fault: null });
    try {
      const { engine } = await this.lease(record);
      const { parameters } = record;
      const found = await engine.call(
        'boundaries',
        { ...questionAbout(parameters), parameters, batchSize },
        {
          signal,
          onEvent: (event) => {
            probes += event.probes;
            tell({ told: null, fault: null });
          },
        },
      );
      tell({ told: withoutVectors(found), fault: null });
    } catch (error) {
      tell({ told: null, fault: Fault.from(error).toData() });
    }
  }

  /** What was asked belongs to a map that is no longer shown. */
  forget(): void {
    this.asking?.abort();
    this.asking = undefined;
  }
}

function withoutVectors({ state: _, nearest, ...rest }: StateBoundaries): ToldBoundaries {
  return { ...rest, nearest: 'reason' in nearest ? nearest : nearest.map(({ point: __, ...one }) => one) };
}

/**
 * Parameters of the plane through a real state and the two boundaries that are nearest to it.
 * @throws Fault `bad-parameter` where they cannot be had exactly
 */
export async function planeBetween(
  { engine }: EngineLease,
  current: MapParameters,
  batchSize: number,
): Promise<MapParameters> {
  const parameters = centerToSearchFrom(current);
  const question = { nearest: 2, directions: [], steps: 1, reach: 1 };
  const found = await engine.call('boundaries', { ...question, parameters, batchSize });
  const { nearest, state, tokens } = found;
  const [first, second] = 'reason' in nearest ? [] : nearest;
  if (!first || !second)
    throw new Fault({
      code: 'bad-parameter',
      message: t(
        'The nearest boundaries cannot be had exactly here{0}.',
        'reason' in nearest ? `: ${nearest.reason}` : '',
      ),
      hint: t('Choose the last layer, or the readout lens.'),
    });
  const toward = ({ token, point }: typeof first): { readonly token: string; readonly step: Float32Array } => {
    const named = tokens.find(({ id }) => id === token);
    return {
      token: named ? tokenText(named, 24) : `#${token}`,
      step: point.map((value, i) => value - (state[i] ?? 0)),
    };
  };
  return betweenBoundaries(parameters, [toward(first), toward(second)]);
}
