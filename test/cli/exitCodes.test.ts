import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCode, faultLine } from '../../src/cli/exitCodes.js';
import { Fault } from '../../src/map/fault.js';

test('a fault is one line that a terminal can show, however its text looks', () => {
  const fault = new Fault({
    code: 'model-broken',
    message: 'The model \u001B[31m\nevil\u202E is broken.',
    hint: 'Choose\tanother\u0007.',
    detail: 'a stack',
  });
  assert.equal(faultLine(fault), 'embedding-grid: The model [31m evilU+202E is broken. Choose anotherU+0007.');
  assert.equal(exitCode(fault), 3);
});

test('an unforeseen error is a line and exit code 1', () => {
  const fault = Fault.from(new TypeError('x is not a function'));
  assert.equal(
    faultLine(fault),
    'embedding-grid: Something unexpected happened: x is not a function Please report this with the log.',
  );
  assert.equal(exitCode(fault), 1);
});
