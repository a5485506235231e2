import { cellsKey, isRealState } from '../map/dependence.js';
import { Fault } from '../map/fault.js';
import { gramOf } from '../map/plane.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../map/specification.js';
import type { CenterBoundary, Mark, Survey } from '../map/survey.js';
import { centerBoundary } from './boundaries/center.js';
import { predictions, type Says } from './faithfulness.js';
import type { Reading } from './reading.js';
import { textPoints } from './textPoints.js';

/** On models with more weights, norms that only inform are not measured: the whole model would have to run. */
const MEASURED_BYTES = 2 * 2 ** 30;

/** Tells what stands on planes of one model: norms, marks, texts. What is said of texts is kept for as long as the same are shown. */
export class Surveys {
  private said:
    { readonly key: string; readonly says: Says; readonly boundary: CenterBoundary | undefined } | undefined;

  /** What was said may not hold. */
  forget(): void {
    this.said = undefined;
  }

  /**
   * With the norms, which are measured where that is cheap or they count.
   * @param weightsBytes of the model
   * @throws Fault of what is shown; `cancelled`
   */
  async measured(
    reading: Reading,
    parameters: MapParameters,
    weightsBytes: number,
    signal: AbortSignal,
  ): Promise<Survey> {
    const { space, plan } = reading;
    const { sample } = parameters.plane;
    let normsReason: string | undefined;
    if (!space.keptNorms(plan.layer, sample) && weightsBytes > MEASURED_BYTES)
      normsReason = 'Norms of real text are not measured on a model of this size, unless lengths are counted in them.';
    else
      try {
        await space.norms(plan.layer, sample, signal);
      } catch (error) {
        const fault = Fault.from(error);
        if (fault.code !== 'tokenizer' && fault.code !== 'bad-parameter') throw fault;
        normsReason = fault.message;
      }
    const survey = await this.of(reading, parameters, signal);
    return { ...survey, ...(normsReason === undefined ? {} : { normsReason }) };
  }

  /**
   * With the norms, if they are known.
   * @param say run the model for what it says of texts, where that is not known
   * @throws Fault of what is shown; `cancelled`
   */
  async of(reading: Reading, parameters: MapParameters, signal: AbortSignal, say = true): Promise<Survey> {
    const { plan, found, space, whole } = reading;
    const { plane, overlays, grid } = parameters;
    const marks = await space.marks(found, overlays, plan.layer, grid, async () => (await whole()).space);
    const points = await textPoints(space, found, parameters, plan.layer, signal);
    const { grid: usual, topK, question, alsoAsked, adaptive } = DEFAULT_PARAMETERS;
    const key = `${cellsKey({ ...reading.parameters, grid: usual, topK, question, alsoAsked, adaptive })}${JSON.stringify(overlays)}`;
    if (say && this.said?.key !== key) {
      const says = await predictions(reading, parameters, marks);
      this.said = { key, says, boundary: await centerBoundary(reading, parameters, signal) };
    }
    const said = this.said?.key === key ? this.said : undefined;
    const tells = isRealState(plane.center) || marks.some(({ kind }) => kind === 'state');
    const boundary = said?.boundary;
    return {
      gram: gramOf(found.plane),
      norms: space.keptNorms(plan.layer, plane.sample) ?? null,
      marks: said ? marks.map((mark) => withSaid(mark, said.says)) : marks,
      ...(points.length > 0 ? { points } : {}),
      explained: found.explained,
      ...(boundary ? { boundary } : {}),
      ...(said || !tells ? {} : { untold: true }),
    };
  }
}

function withSaid(mark: Mark, says: Says): Mark {
  const told = mark.kind === 'state' ? says.get(mark.overlay) : undefined;
  return told ? { ...mark, says: told } : mark;
}
