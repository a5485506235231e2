// An engine in its manners alone: answers `open` after the milliseconds in the path's name, dies on `estimate`, and answers
// `current` by whether a file beside the model says that it was written again.
const { existsSync } = require('node:fs');
const process = require('node:process');
const { setTimeout: wait } = require('node:timers/promises');

let opened = '';
let found = false;
process.on('disconnect', () => process.exit());
process.on('message', async (message) => {
  if (message.type !== 'request') return;
  const { id, method, params } = message;
  if (method === 'estimate') process.kill(process.pid, 'SIGKILL');
  if (method === 'current')
    return process.send({ type: 'result', id, result: found || !existsSync(`${opened}-rewritten`) });
  opened = params.path;
  found = existsSync(`${opened}-rewritten`);
  const [, milliseconds = '0'] = /slow-(\d+)/.exec(params.path) ?? [];
  await wait(Number(milliseconds));
  const refused = params.path.includes('broken');
  const fault = { code: 'model-broken', message: 'Not a model.' };
  process.send(refused ? { type: 'fault', id, fault } : { type: 'result', id, result: { path: params.path } });
});
