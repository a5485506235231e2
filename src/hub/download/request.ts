import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { Fault } from '../../map/fault.js';
import type { HubSettings } from './settings.js';

/** How long is waited, in milliseconds; tests wait less. */
export interface Patience {
  /** For a connection, and for the next byte. */
  readonly silence: number;
  /** Before a failed request is made again, times two each time. */
  readonly pause: number;
  /** At most, however long a server asks for. */
  readonly longestPause: number;
  /** Failures one after another, without a byte between them. */
  readonly tries: number;
}

export const PATIENCE: Patience = { silence: 30_000, pause: 1000, longestPause: 60_000, tries: 5 };

export interface Asked {
  readonly method?: 'GET' | 'HEAD';
  readonly range?: number | undefined;
  readonly signal: AbortSignal;
  readonly patience: Patience;
  /** Whether redirects to other hosts are followed; else the first answer of the hub itself is given. */
  readonly leave: boolean;
}

/** A failure that may pass: the connection broke, or a server is busy. */
export class Passing extends Error {
  /** Milliseconds that the server asks for. */
  constructor(
    message: string,
    readonly after?: number,
  ) {
    super(message);
  }
}

const MOST_REDIRECTS = 8;

/**
 * The answer to a request, its body not yet read. The token goes to the endpoint's own host alone, whoever redirects where.
 * @throws Passing; Fault for an answer that will not change
 */
export async function ask(settings: HubSettings, address: string, asked: Asked): Promise<IncomingMessage> {
  let url = new URL(address);
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const answer = await once(settings, url, asked);
    const status = answer.statusCode ?? 0;
    if (![301, 302, 303, 307, 308].includes(status)) return answer;
    const { location } = answer.headers;
    const base = url;
    if (location === undefined || !URL.canParse(location, base.href)) {
      answer.destroy();
      throw refusal('The hub redirects to an address that is none.');
    }
    const next = new URL(location, base);
    if (!asked.leave && next.origin !== base.origin) return answer;
    answer.destroy();
    const isWorse = next.protocol !== 'https:' && (next.protocol !== 'http:' || base.protocol === 'https:');
    if (isWorse) throw refusal(`The hub redirects to an address that is not safe (${next.protocol.slice(0, 20)}).`);
    url = next;
  }
  throw refusal('The hub redirects in a circle.');
}

export const refusal = (message: string, hint?: string): Fault =>
  new Fault({ code: 'network', message, ...(hint === undefined ? {} : { hint }) });

function once(
  settings: HubSettings,
  url: URL,
  { method = 'GET', range, signal, patience }: Asked,
): Promise<IncomingMessage> {
  const own = url.origin === new URL(settings.endpoint).origin;
  const proxy = settings.proxyFor(url);
  const request = url.protocol === 'https:' ? secureRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method,
        signal,
        headers: {
          'user-agent': 'embedding-grid',
          'accept-encoding': 'identity', // sizes and ranges are those of the file
          ...(own && settings.token !== undefined ? { authorization: `Bearer ${settings.token}` } : {}),
          ...(range === undefined || range === 0 ? {} : { range: `bytes=${range}-` }),
        },
        ...(proxy === undefined ? {} : { agent: new HttpsProxyAgent(proxy) }),
      },
      resolve,
    );
    sent.setTimeout(patience.silence, () => sent.destroy(new Passing('it does not answer')));
    sent.on('error', (error) =>
      reject(signal.aborted || error instanceof Passing ? error : new Passing(error.message)),
    );
    sent.end();
  });
}

/** Makes a request again where its failure may pass. `work` tells when bytes came: then counting begins anew. */
export async function patiently<T>(
  work: (progressed: () => void) => Promise<T>,
  { pause, longestPause, tries }: Patience,
  signal: AbortSignal,
): Promise<T> {
  let failures = 0;
  for (;;) {
    try {
      return await work(() => (failures = 0));
    } catch (error) {
      if (signal.aborted) throw cancelled();
      if (!(error instanceof Passing)) throw error;
      failures++;
      if (failures >= tries)
        throw new Fault({
          code: 'network',
          message:
            error.after === undefined
              ? 'The Hugging Face hub cannot be reached, or breaks off again and again.'
              : 'The Hugging Face hub is too busy, or asks for patience again and again.',
          hint: 'What has come is kept: the same command goes on from there.',
          detail: error.message,
        });
      await waited(Math.min(longestPause, error.after ?? pause * 2 ** (failures - 1)), signal);
    }
  }
}

export const cancelled = (): Fault =>
  new Fault({
    code: 'cancelled',
    message: 'The download was stopped.',
    hint: 'What has come is kept: the same command goes on from there.',
  });

/** Waits, or is stopped. */
export function waited(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(cancelled());
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
}

/** Milliseconds that an answer asks to wait: a number of seconds, or a date. */
export function retryAfter(answer: IncomingMessage): number | undefined {
  const text = answer.headers['retry-after'];
  if (text === undefined) return undefined;
  const milliseconds = /^\d+$/.test(text) ? 1000 * Number(text) : Date.parse(text) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}

const MAX_JSON_BYTES = 2 ** 25;

/** The whole body as JSON, held against a limit while it comes. */
export async function jsonOf(answer: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of answer) {
      const bytes = Buffer.from(part as Uint8Array);
      size += bytes.length;
      if (size > MAX_JSON_BYTES) throw refusal('The hub answers with more than any list of files takes.');
      parts.push(bytes);
    }
  } catch (error) {
    if (error instanceof Fault || error instanceof Passing) throw error;
    throw new Passing(error instanceof Error ? error.message : String(error));
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    throw refusal(
      'What answers is no Hugging Face hub: it sends no JSON.',
      'Is HF_ENDPOINT right, or does a proxy answer?',
    );
  }
}
