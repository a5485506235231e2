import assert from 'node:assert/strict';
import { Fault } from '../../src/map/fault.js';

/** What a promise was rejected with, which must be a fault. */
export async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const thrown: unknown = await work.then(
    () => assert.fail('nothing was refused'),
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof Fault, `not a fault: ${String(thrown)}`);
  return thrown;
}

const ONE_AS_MANY =
  /(?<![\d.,])1 (blocks|cells|dimensions|heads|layers|numbers|positions|prompts|tensors|texts|tokens|translators|vectors)\b/;

/** One clear sentence: no stack, no line break, no mistake of ours, nothing that only a debugger reads. */
export function assertSentence(fault: Fault, label = ''): void {
  const text = `${label} ${fault.code}: ${fault.message}`;
  assert.notEqual(fault.code, 'internal', fault.detail ?? text);
  assert.match(fault.message, /^\S.{8,400}[.?!]$/s, text);
  const own = fault.message.replace(/"[^"]*"/g, '""'); // names in quotes may be anything
  assert.doesNotMatch(own, /[\n\r\0]|undefined|\[object|NaN| {4}at |node_modules|\.[ch]c?:\d+|0x[0-9a-f]{6}/, text);
  assert.doesNotMatch(`${own} ${fault.hint ?? ''}`, ONE_AS_MANY, text);
  if (fault.hint !== undefined) assert.match(fault.hint, /^\S.{3,400}[.?!]$/s, `${text} / ${fault.hint}`);
}
