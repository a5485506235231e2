/**
 * The process that reads prompts. A tokenizer and a chat template are programs by strangers: their work is done in a thread,
 * and this process watches the thread's time and its own memory. It ends itself where either is spent, and where the parent is
 * gone, whatever the thread does: native code cannot be stopped in any other way.
 */
import { readFileSync } from 'node:fs';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import type { Tokenizer } from 'tokenizers'; // the hub's own, in Rust: what Python's package of this name is
import { processorMs } from './processorTime.js';
import { renderTemplate, Stated } from './renderTemplate.js';
import type { TextAnswer, TextFailure, TextRequest, TextTask, TokenizerText } from './textReader.js';
import { changed, type TokenizerChanges, type TokenizerJson } from './tokenizerJson.js';

/** How often memory is looked at. */
const WATCH_MS = 10;

function watch(): void {
  const worker = new Worker(__filename);
  const end = (): void => void process.kill(process.pid, 'SIGKILL');
  let watching: NodeJS.Timeout | undefined;
  const answer = (what: TextAnswer, then: () => void = () => undefined): void => {
    clearInterval(watching);
    if (process.connected) process.send?.(what, then);
    else end();
  };
  process.on('disconnect', end);
  process.on('message', (message) => {
    // The parent is our own program; its messages were typed where they were made.
    const { request, limits } = message as TextTask;
    const [started, before] = [performance.now(), processorMs()];
    worker.postMessage(request);
    watching = setInterval(() => {
      const spent = processorMs() - before > limits.processorMs || performance.now() - started > limits.milliseconds;
      if (spent) answer({ failed: 'time' }, end);
      else if (process.memoryUsage.rss() > limits.bytes) answer({ failed: 'memory' }, end);
    }, WATCH_MS);
  });
  worker.on('message', (what: TextAnswer) => answer(what));
  worker.on('error', (error) =>
    answer('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? { failed: 'memory' } : refusal(error), end),
  );
}

function work(): void {
  let tokenizer: Tokenizer | undefined;
  const done = async (request: TextRequest): Promise<TextAnswer> => {
    switch (request.kind) {
      case 'open': {
        const found = await opened(request, request.changes);
        if ('failed' in found) return found;
        tokenizer = found;
        return { ids: [] };
      }
      case 'encode': {
        if (!tokenizer) throw new Error('No tokenizer is open.');
        const encoding = await tokenizer.encode(request.text, null, { addSpecialTokens: request.whole });
        return { ids: encoding.getIds() };
      }
      case 'render':
        return { text: renderTemplate(request.template, request.variables) };
    }
  };
  parentPort?.on('message', (request: TextRequest) => {
    void done(request)
      .catch(refusal)
      .then((answer) => parentPort?.postMessage(answer));
  });
}

async function opened(source: TokenizerText, changes: TokenizerChanges | undefined): Promise<Tokenizer | TextFailure> {
  const library = await import('tokenizers').catch((error: unknown) => ({ missing: messageOf(error) }));
  if ('missing' in library) return { failed: 'missing', detail: library.missing };
  const text = 'text' in source ? source.text : readFileSync(source.file, 'utf8');
  // Parsed and written again only where that is needed: it takes as long as the reading.
  return library.Tokenizer.fromString(
    changes ? JSON.stringify(changed(JSON.parse(text) as TokenizerJson, changes)) : text,
  );
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 2000);

const refusal = (error: unknown): TextFailure => ({
  failed: error instanceof Stated ? 'stated' : 'refused',
  detail: messageOf(error),
});

if (isMainThread) watch();
else work();
