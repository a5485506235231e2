import type { EngineLease } from '../host/engineLease.js';
import { tokenState } from '../host/tokenFeatures.js';
import { Fault } from '../map/fault.js';
import { contextOf } from '../map/specification.js';
import type { StrongFeature, StrongFeatures } from '../map/strongFeatures.js';
import type { FeaturesResult } from '../protocol/features.js';
import type { FeaturesNews, FeaturesOf, SlotNews, ToldFeatures } from '../protocol/page.js';
import type { MapRecord } from './mapRecord.js';

/** Features that are listed beside a map. */
const LISTED = 20;

/** A feature's direction, and where it is from. */
export interface FeatureDirection {
  /** Path of the autoencoder. */
  readonly sae: string;
  /** [hiddenSize]; null where the file has no decoder. */
  readonly direction: Float32Array | null;
  /** `FOLDER#17` */
  readonly name: string;
}

/** The strongest features of hidden states of the shown map: asked for one state at a time. */
export class Features {
  private asking: AbortController | undefined;
  private told: { readonly sae: string; readonly found: StrongFeatures } | undefined;

  constructor(
    private readonly lease: (record: MapRecord) => Promise<EngineLease>,
    private readonly post: (news: SlotNews) => void,
  ) {}

  /** @param sae path of the autoencoder */
  async ask(record: MapRecord, of: FeaturesOf, sae: string): Promise<void> {
    this.forget();
    const { signal } = (this.asking = new AbortController());
    const tell = (rest: Pick<FeaturesNews, 'told' | 'fault'>): void => {
      if (!signal.aborted) this.post({ type: 'features', features: { map: record.id, of, ...rest } });
    };
    tell({ told: null, fault: null });
    try {
      const { engine } = await this.lease(record);
      const { parameters, specification } = record;
      const context = contextOf(specification);
      const prompt = context.kind === 'prompt' || context.kind === 'tokens' ? context : undefined;
      const state =
        'x' in of
          ? { parameters, ...of }
          : prompt && (await tokenState(engine, { ...prompt, ...of }, specification.layer, signal)).vector;
      if (!state) return;
      const take = (found: StrongFeatures | FeaturesResult): void => {
        if (signal.aborted) return;
        this.told = { sae, found };
        tell({ told: withoutDirections(found), fault: null });
      };
      take(await engine.call('features', { sae, state, most: LISTED }, { signal, onEvent: take }));
    } catch (error) {
      tell({ told: null, fault: Fault.from(error).toData() });
    }
  }

  /** One of the features that were told last; of which map does not matter to it. */
  directionOf(feature: number): FeatureDirection | undefined {
    const { told } = this;
    const one = told?.found.strongest.find((each) => each.feature === feature);
    return told && one && { sae: told.sae, direction: one.direction, name: `${told.found.sae.name}#${feature}` };
  }

  /** What is being asked belongs to a map that is no longer shown. */
  forget(): void {
    this.asking?.abort();
    this.asking = undefined;
  }
}

const withoutDirections = ({ sae, active, strongest }: StrongFeatures | FeaturesResult): ToldFeatures => ({
  sae,
  active,
  strongest: strongest.map(
    ({ feature, activation, direction, ...rest }: StrongFeature & Partial<FeaturesResult['strongest'][number]>) => ({
      feature,
      activation,
      directed: direction !== null,
      tokens: rest.tokens ?? null,
    }),
  ),
});
