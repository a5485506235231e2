// An engine in its manners alone: answers `open` after the milliseconds in the path's name, and dies on `estimate`.
const process = require('node:process');
const { setTimeout: wait } = require('node:timers/promises');

process.on('disconnect', () => process.exit());
process.on('message', async (message) => {
  if (message.type !== 'request') return;
  const { id, method, params } = message;
  if (method === 'estimate') process.kill(process.pid, 'SIGKILL');
  const [, milliseconds = '0'] = /slow-(\d+)/.exec(params.path) ?? [];
  await wait(Number(milliseconds));
  const refused = params.path.includes('broken');
  const fault = { code: 'model-broken', message: 'Not a model.' };
  process.send(refused ? { type: 'fault', id, fault } : { type: 'result', id, result: { path: params.path } });
});
