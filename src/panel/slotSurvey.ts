import type { EngineLease } from '../host/engineLease.js';
import type { Fault } from '../map/fault.js';
import { type Asked, type MapRecord, surveyed } from './mapRecord.js';
import type { SlotPage } from './slotPage.js';
import { sameScene, surveyFor, Surveys } from './surveys.js';

/** What a survey needs of its slot. */
export interface SurveyedSlot {
  readonly lease: (asked: Asked) => Promise<EngineLease>;
  /** Settles when nothing else goes on; true: an engine is there that can measure. */
  readonly calm: () => Promise<boolean>;
  /** What the settings ask for. */
  readonly asked: () => Asked | undefined;
  /** The map that is shown, and whether it is of its model as that is open. */
  readonly shown: () => MapRecord | undefined;
  readonly isOfTheFile: (record: MapRecord) => boolean;
  /** The shown map has another survey. */
  readonly onSurveyed: (record: MapRecord) => void;
  readonly onFault: (fault: Fault) => void;
}

/** The survey of a slot's plane: asked for, told to the page, and given to the map that has the same plane. */
export class SlotSurvey {
  private readonly surveys: Surveys;
  /** The page has a survey of the settings' plane. */
  private sent = false;

  constructor(
    private readonly slot: SurveyedSlot,
    private readonly page: SlotPage,
  ) {
    this.surveys = new Surveys(slot.lease, slot.calm, ({ fault }) => {
      this.giveToShown();
      this.send();
      if (fault) slot.onFault(fault);
    });
  }

  /** Asks for what the settings have on their plane, unless it is known; undefined: nothing more. */
  want(asked: Asked | undefined): void {
    this.surveys.want(asked);
  }

  /** Measuring makes way. */
  makeWay(): void {
    this.surveys.makeWay();
  }

  /** What was measured is of another model. */
  forget(): void {
    this.surveys.forget();
  }

  /** The settings are others: what the page has may be of their plane, or no longer. */
  settled(): void {
    if (this.fits !== this.sent) this.send();
  }

  /** The survey that there is becomes the shown map's, if that has the same plane. */
  giveToShown(): void {
    const shown = this.slot.shown();
    const { current } = this.surveys;
    if (!shown || !current?.survey) return;
    if (!sameScene(current.asked, shown) || !this.slot.isOfTheFile(shown)) return;
    const survey = surveyFor({ asked: current.asked, survey: current.survey }, shown);
    if (survey === shown.survey) return;
    surveyed(shown, survey, current.asked.parameters);
    this.slot.onSurveyed(shown);
  }

  /** Tells what is known of the settings' plane; nothing, where the last survey is of another. */
  send(): void {
    const { current } = this.surveys;
    this.sent = this.fits;
    if (!current) return;
    const shown = this.slot.shown();
    const { survey, fault } = this.sent ? current : { survey: null, fault: null };
    const fits = survey !== null && shown && sameScene(current.asked, shown) && this.slot.isOfTheFile(shown);
    const map = fits ? shown.id : null;
    const told = (fits ? shown.survey : undefined) ?? survey; // what the model says there belongs to the map
    this.page.send({ type: 'survey', news: { survey: told, fault: fault?.toData() ?? null, map } });
  }

  /** Whether what was surveyed last is the plane of the settings. */
  private get fits(): boolean {
    const asked = this.slot.asked();
    const { current } = this.surveys;
    return asked !== undefined && current !== undefined && sameScene(asked, current.asked);
  }
}
