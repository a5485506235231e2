import type { EngineLease } from '../host/engineLease.js';
import { canonical, sceneKey, surveyKey, toldKey } from '../map/dependence.js';
import { Fault } from '../map/fault.js';
import { type Survey, withoutTold } from '../map/survey.js';
import { type Asked, askedKey, type MapRecord, sameAsked } from './mapRecord.js';

/** Whether a survey of one is one of the other, but for overlays and sample. */
export const sameScene = (a: Asked, b: Asked): boolean => sameAsked(a, b, sceneKey);

const keyOf = (asked: Asked): string => askedKey(asked, surveyKey) + askedKey(asked, toldKey);

/**
 * A survey for a map of its scene. What the model says of marks and center is of one prediction alone: a map of another one keeps what
 * it has, where it shows the same texts.
 */
export function surveyFor(
  { asked, survey }: { readonly asked: Asked; readonly survey: Survey },
  map: Asked & Pick<MapRecord, 'survey'>,
): Survey {
  if (survey.untold !== true && sameAsked(asked, map, toldKey)) return survey;
  const own = map.survey;
  const overlays = (one: Asked): string => canonical(one.parameters.overlays);
  if (!own || own.untold === true || overlays(asked) !== overlays(map)) return withoutTold(survey);
  const { boundary: _, untold: __, ...rest } = survey;
  return { ...rest, marks: own.marks, ...(own.boundary ? { boundary: own.boundary } : {}) };
}

/** What came of a question. */
export interface Surveyed {
  readonly asked: Asked;
  readonly survey: Survey | null;
  readonly fault: Fault | null;
}

/**
 * Asks for surveys, one at a time, of what was wanted last. An answer that came before is not asked for again. Norms that have to
 * be measured take a while: maps come before them.
 */
export class Surveys {
  private known: { readonly key: string; readonly surveyed: Surveyed } | undefined;
  private wanted: Asked | undefined;
  private asking = false;
  private measuring: AbortController | undefined;

  /**
   * @param idle settles when no map is being computed; true: an engine is there that can measure.
   * @param onSurvey hears of every answer to what is still wanted.
   */
  constructor(
    private readonly lease: (asked: Asked) => Promise<EngineLease>,
    private readonly idle: () => Promise<boolean>,
    private readonly onSurvey: (surveyed: Surveyed) => void,
  ) {}

  /** Of the plane that was wanted last. */
  get current(): Surveyed | undefined {
    return this.known?.surveyed;
  }

  want(asked: Asked | undefined): void {
    this.wanted = asked;
    if (!asked || this.known?.key !== keyOf(asked)) this.makeWay();
    if (asked && !this.asking && !this.isKnown(asked)) void this.ask();
  }

  /** What was measured is of another model. */
  forget(): void {
    this.makeWay();
    this.known = undefined;
  }

  /** Something is wanted that comes first: measuring stops, and begins anew behind it. */
  makeWay(): void {
    this.measuring?.abort();
  }

  private isKnown(asked: Asked): boolean {
    const { known } = this;
    if (known?.key !== keyOf(asked)) return false;
    const { survey } = known.surveyed;
    if (survey === null) return true;
    return survey.untold !== true && (survey.norms !== null || survey.normsReason !== undefined);
  }

  private async ask(): Promise<void> {
    this.asking = true;
    try {
      while (this.wanted && !this.isKnown(this.wanted)) {
        const asked = this.wanted;
        const measure = this.known?.key === keyOf(asked);
        if (measure && !(await this.idle())) return;
        if (!this.isWanted(asked)) continue;
        // A model that cannot be opened is told of elsewhere; it is asked again when a person goes on.
        const lease = await this.lease(asked).catch(() => undefined);
        if (!lease) return;
        const { signal } = (this.measuring = new AbortController());
        try {
          const { parameters } = asked;
          const survey = await lease.engine.call('survey', { parameters, measure }, measure ? { signal } : {});
          if (this.isWanted(asked)) this.tell({ asked, survey, fault: null });
        } catch (error) {
          const fault = Fault.from(error);
          if (signal.aborted) continue;
          if (fault.code === 'cancelled' || fault.code === 'engine-died') return;
          if (!this.isWanted(asked)) continue;
          const survey = this.known?.surveyed.survey;
          if (measure && survey) {
            const { untold: _, ...rest } = survey;
            this.tell({ asked, survey: { ...rest, normsReason: fault.message }, fault: null });
          } else this.tell({ asked, survey: null, fault });
        }
      }
    } finally {
      this.asking = false;
    }
  }

  private isWanted(asked: Asked): boolean {
    return this.wanted !== undefined && keyOf(this.wanted) === keyOf(asked);
  }

  private tell(surveyed: Surveyed): void {
    this.known = { key: keyOf(surveyed.asked), surveyed };
    this.onSurvey(surveyed);
  }
}
