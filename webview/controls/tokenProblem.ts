import type { FaultData } from '../../src/map/fault.js';
import type { InterventionVector } from '../../src/map/interventions.js';
import type { Center, Direction, TokenName } from '../../src/map/specification.js';
import type { PageState } from '../store.js';

type Told = Pick<FaultData, 'message' | 'hint'> | null | undefined;

/** What is wrong with the settings as a whole: what the plane's survey says, what speaks against a map, how the last run ended. */
export const toldFault = ({ news, host }: Pick<PageState, 'news' | 'host'>): FaultData | undefined =>
  news?.fault ?? host?.obstacle ?? host?.fault ?? undefined;

/** What is wrong with one of some tokens, and what to write instead, where the fault is about it: it begins with the token. */
export const tokenProblem = (fault: Told, ...tokens: readonly TokenName[]): string | undefined =>
  fault && tokens.some((token) => typeof token === 'string' && fault.message.startsWith(`${JSON.stringify(token)} is `))
    ? [fault.message, fault.hint ?? ''].join(' ').trim()
    : undefined;

/** The same of a vector, where that is a token's. */
export const vectorProblem = (fault: Told, vector: Center | Direction | InterventionVector): string | undefined =>
  vector.kind === 'row' ? tokenProblem(fault, vector.token) : undefined;
