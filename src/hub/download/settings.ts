import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Fault } from '../../map/fault.js';
import { hubHome } from '../cache.js';

/** Where the hub is and who asks, as the environment says it to Python's huggingface_hub. */
export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** Sent to the endpoint's own host alone. */
  readonly token: string | undefined;
  readonly offline: boolean;
  /** Proxy of a host; undefined where it is asked directly. */
  proxyFor(url: URL): string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_ENDPOINT = 'https://huggingface.co';
const MAX_TOKEN_BYTES = 4096;

/**
 * @param proxy what a person has set besides the environment; it goes before it
 * @throws Fault `bad-parameter` for an endpoint or a token that cannot be one
 */
export function hubSettings(env: Environment = process.env, home = homedir(), proxy?: string): HubSettings {
  const endpoint = (env.HF_ENDPOINT?.trim() ? env.HF_ENDPOINT.trim() : DEFAULT_ENDPOINT).replace(/\/+$/, '');
  if (!URL.canParse(endpoint) || !/^https?:\/\//.test(endpoint))
    throw new Fault({
      code: 'bad-parameter',
      message: `HF_ENDPOINT should be the hub's address, such as ${DEFAULT_ENDPOINT}, but is "${endpoint.slice(0, 100)}".`,
    });
  return {
    endpoint,
    token: tokenOf(env, home),
    offline: isSet(env.HF_HUB_OFFLINE) || isSet(env.TRANSFORMERS_OFFLINE),
    proxyFor: (url) => proxyOf(url, env, proxy),
  };
}

/** @throws Fault `network` where the environment says that nothing is to be asked. */
export function refuseOffline({ offline }: HubSettings): void {
  if (!offline) return;
  throw new Fault({
    code: 'network',
    message: 'Nothing is downloaded: HF_HUB_OFFLINE says that the hub is not to be asked.',
    hint: 'Unset it to download.',
  });
}

const isSet = (value: string | undefined): boolean => /^(1|on|yes|true)$/i.test(value?.trim() ?? '');

function tokenOf(env: Environment, home: string): string | undefined {
  const stated = [env.HF_TOKEN, env.HUGGING_FACE_HUB_TOKEN].map((one) => one?.trim()).find(Boolean);
  const token = stated ?? (isSet(env.HF_HUB_DISABLE_IMPLICIT_TOKEN) ? undefined : tokenInFile(env, home));
  if (token === undefined || /^[\x21-\x7e]{1,1000}$/.test(token)) return token;
  throw new Fault({
    code: 'bad-parameter',
    message: 'The token for the Hugging Face hub has characters that no token has.',
    hint: 'Set HF_TOKEN anew, or log in again with: hf auth login',
  });
}

function tokenInFile(env: Environment, home: string): string | undefined {
  const stated = env.HF_TOKEN_PATH?.trim();
  const file = stated === undefined || stated === '' ? join(hubHome(env, home), 'token') : stated;
  try {
    const stat = statSync(file);
    if (!stat.isFile() || stat.size > MAX_TOKEN_BYTES) return undefined;
    const text = readFileSync(file, 'utf8').trim();
    return text === '' ? undefined : text;
  } catch {
    return undefined; // nobody logged in
  }
}

function proxyOf(url: URL, env: Environment, own: string | undefined): string | undefined {
  const variable = (name: string): string | undefined => {
    const value = (env[name.toLowerCase()] ?? env[name.toUpperCase()])?.trim();
    return value === '' ? undefined : value;
  };
  const excluded = (variable('no_proxy') ?? '').split(/[\s,]+/).filter(Boolean);
  if (excluded.some((pattern) => isExcluded(url, pattern.toLowerCase()))) return undefined;
  const proxy = own ?? variable(url.protocol === 'https:' ? 'https_proxy' : 'http_proxy') ?? variable('all_proxy');
  if (proxy === undefined) return undefined;
  const address = proxy.includes('://') ? proxy : `http://${proxy}`;
  if (URL.canParse(address) && /^https?:/.test(address)) return address;
  throw new Fault({
    code: 'bad-parameter',
    message: `The proxy "${address.replace(/\/\/[^@/]*@/, '//').slice(0, 100)}" cannot be used: it should be an address such as http://proxy:3128.`,
  });
}

function isExcluded(url: URL, pattern: string): boolean {
  if (pattern === '*') return true;
  const [, name = '', port] = /^(.*?)(?::(\d+))?$/.exec(pattern) ?? [];
  const own = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  if (port !== undefined && port !== own) return false;
  const bare = name.replace(/^\*?\./, '');
  return url.hostname === bare || url.hostname.endsWith(`.${bare}`);
}
