import { Fault } from '../map/fault.js';
import { type MapParameters, parseParameters } from '../map/specification.js';
import type { Survey } from '../map/survey.js';
import { type CallContext, type Handlers, stopIfCancelled, unlessAborted } from '../protocol/channel.js';
import type {
  BesideParams,
  DivergenceEvent,
  DivergenceResult,
  EngineRequests,
  MapEvent,
  MapParams,
  MapResult,
  OpenEvent,
  OpenParams,
} from '../protocol/engine.js';
import { allowRun } from './allowance.js';
import { boundariesOf, checkedBoundaries } from './boundaries/request.js';
import { closerLookOf } from './closerLook.js';
import { checkedContinuation, continuationFrom } from './continuation.js';
import { divergences } from './divergences.js';
import { estimateDivergences, estimateMap, refuseTooLarge } from './estimate.js';
import { checkedFeatures, featuresOf, vectorAt, withTokens } from './features.js';
import { checkedFit, fitTranslator } from './fitTranslator.js';
import { checkedLens, lensOf } from './lens.js';
import { checkedLine, outputsAlong } from './line.js';
import { isEarly, runMap } from './mapRun.js';
import type { CellPlan } from './model/plan.js';
import { tensorsAt } from './modelTensors.js';
import { type Opened, open, prove } from './opened.js';
import { pointOf } from './point.js';
import { checkedProfile, profileOf } from './profile.js';
import type { Depth } from './proof.js';
import { checkedMap, checkedPoint, type Reading, readParameters } from './reading.js';
import { Surveys } from './surveys.js';
import { trying } from './trying.js';
import { checkedStates, checkedVectors, predictVectors, statesOf } from './vectors.js';

/** Answers the requests of one engine process: opens one model, computes maps of it, one at a time. */
export class EngineService {
  private opened: Promise<Opened> | undefined;
  private lastMap: Promise<unknown> = Promise.resolve();
  /** The model that was compared with last. */
  private beside: { readonly path: string; readonly opened: Promise<Opened> } | undefined;

  private readonly surveys = new Surveys();

  readonly handlers: Handlers<EngineRequests> = {
    open: async (params, context) => (await this.openOnce(params, (event) => context.emit(event))).description,
    current: async () => (await this.model()).model.isCurrent(),
    estimate: async ({ beside, ...params }, { signal }) => {
      const { parameters, batchSize } = checkedMap(params);
      if (!beside) return estimateMap({ ...(await this.model()), parameters }, batchSize);
      const besides = parseParameters(beside.parameters);
      // In its turn: a model that was beside before makes way, and nobody may be at it.
      return this.inTurn(signal, async () => {
        const [opened, other] = [await this.model(), await this.besideOf(beside)];
        return estimateDivergences({ ...opened, parameters }, { ...other, parameters: besides }, batchSize);
      });
    },
    map: (params, context) => {
      const checked = checkedMap(params);
      return this.inTurn(context.signal, () => this.map(checked, context));
    },
    survey: ({ parameters, measure = true }, { signal }) => {
      const checked = parseParameters(parameters);
      return this.inTurn(signal, () => this.survey(checked, measure, signal));
    },
    divergences: ({ beside, ...params }, context) => {
      const checked = checkedMap(params);
      const other = { ...beside, parameters: parseParameters(beside.parameters) };
      return this.inTurn(context.signal, () => this.divergences(checked, other, context));
    },
    point: (params, { signal }) => {
      const checked = checkedPoint(params);
      return this.ask(signal, (opened) => pointOf(opened, checked));
    },
    closer: ({ parameters }, { signal }) => {
      const checked = parseParameters(parameters);
      return this.ask(signal, (opened) => closerLookOf(opened, checked));
    },
    boundaries: (params, context) => {
      const checked = checkedBoundaries(params);
      return this.ask(context.signal, (opened) => boundariesOf(opened, checked, context));
    },
    line: (params, { signal }) => {
      const checked = checkedLine(params);
      return this.ask(signal, (opened) => outputsAlong(opened, checked, signal));
    },
    profile: (params, context) => {
      const checked = checkedProfile(params);
      return this.ask(context.signal, (opened) => profileOf(opened, checked, context));
    },
    fitTranslator: (params, context) => {
      const checked = checkedFit(params);
      return this.ask(context.signal, (opened) => fitTranslator(opened, checked, context));
    },
    features: async (params, context) => {
      const checked = checkedFeatures(params);
      const { signal } = context;
      const { state } = checked;
      const vector =
        state instanceof Float32Array ? state : await this.ask(signal, (opened) => vectorAt(opened, state));
      // A file is read beside whatever the model does.
      const found = await unlessAborted(featuresOf((await this.model()).model, vector, checked, signal), signal);
      context.emit(found);
      return this.ask(signal, (opened) => withTokens(opened, found, signal));
    },
    lens: (params, context) => {
      const checked = checkedLens(params);
      return this.ask(context.signal, (opened) => lensOf(opened, checked, context));
    },
    continue: (params, context) => {
      const checked = checkedContinuation(params);
      return this.ask(context.signal, (opened) => continuationFrom(opened, checked, context));
    },
    predict: (params, { signal }) => {
      const checked = checkedVectors(params);
      return this.ask(signal, (opened) => predictVectors(opened, checked, signal));
    },
    states: (params, { signal }) => {
      const checked = checkedStates(params);
      return this.ask(signal, ({ grounds }) => statesOf(grounds.plain.variant, checked));
    },
    tensors: ({ path }) => Promise.resolve().then(() => tensorsAt(path)),
    tokenize: async ({ text, chat = false }) => {
      const { model } = await this.model();
      return { tokens: (await model.tokenizer.encode(text, { chat })).map((id) => model.tokenizer.token(id)) };
    },
  };

  /** One thing at a time: sessions take all cores and much memory. */
  private inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const result = this.lastMap.then(() => {
      stopIfCancelled(signal);
      return work();
    });
    this.lastMap = result.catch(() => undefined);
    return unlessAborted(result, signal); // a map that still waits for the one before it ends at once
  }

  /** Asks the model, in its turn, once it is proven. */
  private ask<T>(signal: AbortSignal, work: (opened: Opened) => Promise<T>): Promise<T> {
    return this.inTurn(signal, async () => work(await this.proven(signal)));
  }

  private openOnce(params: OpenParams, emit: (event: OpenEvent) => void): Promise<Opened> {
    const opened = (this.opened ??= open(params, emit));
    opened.catch(() => (this.opened = undefined));
    return opened;
  }

  /** The model of a map that is compared with one of the open model: that one itself, or one more, kept until another is named. */
  private async besideOf({ model }: BesideParams): Promise<Opened> {
    const own = await this.model();
    if (!model || model.path === own.description.path) return own;
    const kept = this.beside;
    if (kept?.path === model.path) {
      const opened = await kept.opened;
      if (opened.model.isCurrent()) return opened;
    }
    if (this.beside === kept) {
      this.beside = { path: model.path, opened: open(model) };
      this.beside.opened.catch(() => (this.beside = undefined));
      await kept?.opened.then(({ grounds }) => grounds.release());
    }
    return this.beside?.opened ?? own;
  }

  private model(): Promise<Opened> {
    if (!this.opened) throw new Fault({ code: 'internal', message: 'No model is open.' });
    return this.opened;
  }

  /** The model, once all is proven that must be before anything but a first picture is given. @throws Fault of a check */
  private async proven(signal: AbortSignal): Promise<Opened> {
    const opened = await this.model();
    const depth = opened.proof.must;
    if (depth) await this.prove(opened, depth, undefined, signal);
    return this.model();
  }

  /** @returns whether what was computed of the model holds. @throws Fault of a check */
  private async prove(opened: Opened, depth: Depth, plan: CellPlan | undefined, signal: AbortSignal): Promise<boolean> {
    const pause = async (): Promise<void> => {
      await new Promise(setImmediate); // lets a cancel in
      stopIfCancelled(signal);
    };
    const outcome = await prove(opened, depth, plan, pause).catch((error: unknown) => {
      // What the map itself does not need may ask for more memory than there is.
      if (Fault.from(error).code === 'memory' && opened.proof.must === undefined) return { opened, held: true };
      throw error;
    });
    this.opened = Promise.resolve(outcome.opened);
    if (!outcome.held) this.surveys.forget();
    return outcome.held;
  }

  private async divergences(
    { parameters, batchSize, only }: MapParams,
    beside: BesideParams,
    context: CallContext<DivergenceEvent>,
  ): Promise<DivergenceResult> {
    const [opened, other] = [await this.proven(context.signal), await this.besideOf(beside)];
    const [a, b] = [
      { ...opened, parameters },
      { ...other, parameters: beside.parameters },
    ];
    const estimate = await estimateDivergences(a, b, batchSize);
    context.emit({ kind: 'started', estimate });
    refuseTooLarge(estimate, opened.model.budget, 'The divergences take');
    allowRun(estimate.bytes);
    return divergences(
      { opened, parameters },
      { opened: other, parameters: beside.parameters },
      batchSize,
      only,
      context,
    );
  }

  private async survey(parameters: MapParameters, measure: boolean, signal: AbortSignal): Promise<Survey> {
    if (!measure) {
      // It is shown with a first picture, and asked for anew where that is taken back: no more is proven for it.
      const opened = await this.model();
      return trying(opened, opened.proof.must, parameters, async () =>
        this.surveys.of(await readParameters(opened, parameters), parameters, signal, false),
      );
    }
    const opened = await this.proven(signal);
    const { weightsBytes } = opened.model.facts;
    return this.surveys.measured(await readParameters(opened, parameters), parameters, weightsBytes, signal);
  }

  private async map(params: MapParams, context: CallContext<MapEvent>): Promise<MapResult> {
    const started = performance.now();
    const { signal } = context;
    for (;;) {
      stopIfCancelled(signal);
      const opened = isEarly(params) ? await this.model() : await this.proven(signal);
      const { must } = opened.proof;
      const prove = (depth: Depth, plan?: CellPlan): Promise<boolean> => this.prove(opened, depth, plan, signal);
      const survey = (reading: Reading): Promise<Survey> => this.surveys.of(reading, params.parameters, signal);
      try {
        const result = await runMap(params, { opened, must, prove, survey, started }, context);
        if (result) return result;
      } catch (error) {
        // What a model ends with that is not yet proven may come of what was assumed of it: its checks say.
        if (must === undefined || opened.proof.must === undefined || Fault.from(error).code === 'cancelled')
          throw error;
        if (await prove(must)) throw error;
      }
      context.emit({ kind: 'anew' });
    }
  }
}
