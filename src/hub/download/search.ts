import { isRecord } from '../../map/json.js';
import { refuseStatus } from './repository.js';
import { ask, jsonOf, PATIENCE, patiently, type Patience, refusal } from './request.js';
import { type HubSettings, hubSettings, refuseOffline } from './settings.js';

/** A repository that a search found. */
export interface FoundRepository {
  /** `ORG/NAME`. */
  readonly name: string;
  /** Which kinds of files that open here it says it holds. */
  readonly kinds: readonly ('safetensors' | 'ONNX' | 'GGUF')[];
  /** Of the last month. */
  readonly downloads: number | undefined;
  readonly licence: string | undefined;
  readonly gated: boolean;
}

const KINDS = [
  ['safetensors', 'safetensors'],
  ['onnx', 'ONNX'],
  ['gguf', 'GGUF'],
] as const;
/** Tasks of models that write text; a repository that states none may be one. */
const WRITES = ['text-generation', 'image-text-to-text', 'any-to-any', 'text2text-generation'];
const MOST_FOUND = 50;
const NAME = /^[\w.-]{1,96}(\/[\w.-]{1,96})?$/;

/**
 * Repositories of decoder models by what is in their names, those that are fetched most first.
 * @throws Fault `network`, `cancelled`
 */
export async function searchHub(
  text: string,
  options: { readonly settings?: HubSettings; readonly patience?: Patience; readonly signal: AbortSignal },
): Promise<readonly FoundRepository[]> {
  const { settings = hubSettings(), signal, patience = IMPATIENCE } = options;
  refuseOffline(settings);
  const query = new URLSearchParams({ search: text, sort: 'downloads', direction: '-1', limit: String(MOST_FOUND) });
  for (const field of ['tags', 'pipeline_tag', 'downloads', 'gated']) query.append('expand[]', field);
  const found = await patiently(
    async () => {
      const asked = { signal, patience, leave: false };
      const answer = await ask(settings, `${settings.endpoint}/api/models?${query.toString()}`, asked);
      await refuseStatus(answer, settings, text, 'main');
      return jsonOf(answer);
    },
    patience,
    signal,
  );
  if (!Array.isArray(found)) throw refusal('What answers is no Hugging Face hub: it does not say what it found.');
  return (found as unknown[]).slice(0, MOST_FOUND).flatMap((one) => {
    const read = foundRepository(one);
    return read && read.kinds.length > 0 ? [read] : [];
  });
}

/** A person waits for every answer, and types on. */
const IMPATIENCE: Patience = { ...PATIENCE, tries: 2 };

function foundRepository(data: unknown): FoundRepository | undefined {
  if (!isRecord(data)) return undefined;
  const { id, downloads, gated, pipeline_tag: task } = data;
  if (typeof id !== 'string' || !NAME.test(id)) return undefined;
  if (typeof task === 'string' && !WRITES.includes(task)) return undefined;
  const tags = Array.isArray(data.tags) ? data.tags.filter((tag) => typeof tag === 'string') : [];
  return {
    name: id,
    kinds: KINDS.filter(([tag]) => tags.includes(tag)).map(([, kind]) => kind),
    downloads: typeof downloads === 'number' ? downloads : undefined,
    licence: tags.find((tag) => tag.startsWith('license:'))?.slice('license:'.length, 60),
    gated: gated !== undefined && gated !== false,
  };
}
