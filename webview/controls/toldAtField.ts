import type { FaultData } from '../../src/map/fault.js';
import { type Question, questionsOf } from '../../src/map/questions.js';
import type { MapParameters, TokenName } from '../../src/map/specification.js';
import type { PageState } from '../store.js';
import { refusalOf } from './interventionReasons.js';
import { translatorProblem } from './layerAndReadout.js';
import { tokenProblem, vectorProblem } from './tokenProblem.js';

/** Whether a field of the parameters says what is wrong: all other places refer to it. */
export function isToldAtField({ host, news, ui }: PageState, fault: FaultData): boolean {
  if (host?.mode !== 'panel') return false;
  const { parameters } = host.settings;
  const { center, axes } = parameters.plane;
  const { asked = 0 } = ui;
  const questions = questionsOf(parameters);
  const question = questions[asked] ?? questions[0];
  return (
    news?.fault?.message === fault.message ||
    refusalOf(host)?.message.startsWith(fault.message) === true ||
    translatorProblem(parameters, fault) !== undefined ||
    tokenProblem(fault, ...parameters.masked, ...(question ? tokensOf(question) : [])) !== undefined ||
    (question?.kind === 'pattern' && fault.message.includes(question.pattern)) ||
    [center, ...vectorsOf(axes)].some((vector) => vectorProblem(fault, vector) !== undefined)
  );
}

function tokensOf(question: Question): readonly TokenName[] {
  if (question.kind === 'probability') return [question.token];
  if (question.kind === 'set') return question.tokens;
  return question.kind === 'difference' ? [question.first, question.second] : [];
}

const vectorsOf = (axes: MapParameters['plane']['axes']) => (axes.method === 'directions' ? [axes.x, axes.y] : []);
