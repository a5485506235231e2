import type { EngineLease } from '../host/engineLease.js';
import type { Center, ContextChoice, Direction, MapParameters } from '../map/specification.js';
import type { PromptTokens } from '../protocol/page.js';

type Read = Pick<PromptTokens, 'text' | 'chat'>;

/** The prompts that a person has typed for a plane and its context, each once. */
function promptsOf({ plane, context }: Pick<MapParameters, 'plane' | 'context'>): readonly Read[] {
  const { axes, center } = plane;
  const sources: (Center | Direction | ContextChoice)[] = [center, context];
  if (axes.method === 'directions') sources.push(axes.x, axes.y);
  const prompts = sources.flatMap((source) =>
    source.kind === 'prompt' && 'text' in source ? [{ text: source.text, chat: source.chat === true }] : [],
  );
  return prompts.filter((one, i) => prompts.findIndex((other) => same(one, other)) === i);
}

const same = (a: Read, b: Read): boolean => a.text === b.text && a.chat === b.chat;

/** What the prompts of a slot's settings are as tokens: read when they change, by the model that is open. */
export class PromptReader {
  private known: readonly PromptTokens[] = [];
  private by: EngineLease | undefined;
  /** Counts what was asked: an answer to an older question is left. */
  private turn = 0;

  /** @param tell hears of the prompts that were read. */
  constructor(private readonly tell: (prompts: readonly PromptTokens[]) => void) {}

  /** The prompts that were read last. */
  get prompts(): readonly PromptTokens[] {
    return this.known;
  }

  /** Reads what is not known. Never rejects: what is wrong with a prompt is said where it is used. */
  async read(lease: EngineLease, parameters: MapParameters): Promise<void> {
    const turn = ++this.turn;
    if (this.by !== lease) this.known = [];
    this.by = lease;
    const wanted = promptsOf(parameters);
    const known = (one: Read): PromptTokens | undefined => this.known.find((other) => same(one, other));
    if (wanted.every(known)) return;
    const read = await Promise.all(
      wanted.map(async (one): Promise<PromptTokens> => {
        const none = { tokens: [] };
        return known(one) ?? { ...one, ...(await lease.engine.call('tokenize', one).catch(() => none)) };
      }),
    );
    if (turn !== this.turn) return;
    this.known = read;
    this.tell(read);
  }
}
