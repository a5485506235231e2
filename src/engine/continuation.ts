import { Fault } from '../map/fault.js';
import { pointAt } from '../map/plane.js';
import { checkSampling, greedy, sampler } from '../map/sampling.js';
import { contextOf } from '../map/specification.js';
import { type CallContext, stopIfCancelled } from '../protocol/channel.js';
import { CONTINUATION_LIMIT, type EngineRequests } from '../protocol/engine.js';
import { follow } from './model/running.js';
import type { Opened } from './opened.js';
import { checkedPoint, readParameters } from './reading.js';

type Continue = EngineRequests['continue'];

/** What was asked for, checked on this side as well. @throws Fault `bad-parameter` */
export function checkedContinuation({ tokens, sampling, ...point }: Continue['params']): Continue['params'] {
  const checked = checkedPoint(point);
  if (sampling) checkSampling(sampling);
  if (!Number.isInteger(tokens) || tokens < 1 || tokens > CONTINUATION_LIMIT)
    throw new Fault({
      code: 'bad-parameter',
      message: `A continuation must have 1 to ${CONTINUATION_LIMIT} tokens.`,
    });
  return { ...checked, tokens, ...(sampling ? { sampling } : {}) };
}

/**
 * What the model itself writes on from a point of a plane, whatever the readout.
 * @throws Fault as {@link readParameters}, `bad-parameter` for an export that takes embeddings, `cancelled` between two tokens
 */
export async function continuationFrom(
  { model, grounds }: Pick<Opened, 'model' | 'grounds'>,
  { parameters, x, y, tokens: most, sampling }: Continue['params'],
  context: CallContext<Continue['event']>,
): Promise<Continue['result']> {
  const asked = { ...parameters, readout: 'forward' } as const;
  const { plan, found, race } = await readParameters({ model, grounds }, asked);
  if (model.anatomy.interface.ids === undefined)
    throw new Fault({
      code: 'bad-parameter',
      message: 'This export takes embeddings: no token can follow the vector.',
    });
  const { tokenizer } = model;
  const draw = sampling ? sampler(sampling) : greedy;
  const masked = new Set(race.masked);
  const ids: number[] = [];
  let ended = false;
  // Without a context, BOS is what stands where the vector does, up to its layer.
  const own = contextOf(parameters).kind === 'none' ? (tokenizer.bos ?? plan.own) : plan.own;
  const { variant } = await grounds.of(parameters.interventions);
  await follow(variant, plan.layer, { ...plan, own }, pointAt(found.plane, x, y), (logits) => {
    stopIfCancelled(context.signal);
    const drawn = draw(logits, masked);
    ids.push(drawn);
    context.emit({ token: tokenizer.token(drawn) });
    ended = tokenizer.isEnd(drawn);
    return ended || ids.length >= most ? undefined : drawn;
  });
  return { tokens: ids.map((id) => tokenizer.token(id)), text: tokenizer.decode(ids), ended };
}
