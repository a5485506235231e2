import { Fault } from '../map/fault.js';

/** A text of onnxruntime's, and what is said of it. Names from the file are quoted; nothing else of the text is shown. */
interface Kind {
  readonly pattern: RegExp;
  readonly code: 'memory' | 'bad-parameter' | 'model-unsupported' | 'model-broken';
  readonly message: (found: RegExpExecArray) => string;
  readonly hint?: string;
}

const ANOTHER = 'Another export of the model, or a newer version, may work.';
const REEXPORT = 'Export the model again; onnx.checker.check_model says more of what is wrong with the file.';

/** In the order in which they are looked for: what a person can act on first. */
const KINDS: readonly Kind[] = [
  {
    pattern: /bad_alloc|failed to allocate|out of memory|\bOOM\b|Array buffer allocation|CUBLAS_STATUS_ALLOC/i,
    code: 'memory',
    message: () => 'There is not enough memory for this map.',
    hint: 'Use a smaller batch size, a later layer or a quantized export.',
  },
  {
    pattern:
      /([\w.]+:)?(\w+)(?:\(-?\d+\))? is not a registered function\/op|No Op registered for (\w+)|Could not find an implementation for (\w+)|Failed to find kernel for (?:[\w.]+\.)?(\w+)/,
    code: 'model-unsupported',
    message: ([, domain = '', ...names]) =>
      `onnxruntime cannot run this model: it has no operator "${domain}${names.find((name) => name) ?? ''}" for this device.`,
    hint: ANOTHER,
  },
  {
    pattern: /No such file|cannot open file|file_size|External data|external initializer|open file .* fail/i,
    code: 'model-broken',
    message: () => 'The weights of the model can no longer be read; were its files moved or deleted?',
    hint: 'Choose the model again.',
  },
  {
    pattern: /invalid dimensions for input: (\S+)|Invalid rank for input: (\S+)/,
    code: 'model-unsupported',
    message: ([, a, b]) =>
      `The model states another shape for its input ${quoted(a ?? b)} than it can be fed with here.`,
    hint: 'Export the model again with dynamic axes for the batch and for positions.',
  },
  {
    // Token ids are looked at before; learned positions end where their table does.
    pattern: /indices element out of data bounds, idx=(\d+) must be within the inclusive range \[-\d+,\d+\]/,
    code: 'bad-parameter',
    message: ([, index = '']) =>
      `The prompt may be longer than the model was made for: place ${index} is looked up in a table that ends before.`,
    hint: 'Use a shorter prompt.',
  },
  {
    pattern: /Unexpected input data type/,
    code: 'model-unsupported',
    message: () => 'An input of the model has a number type that it cannot be fed with here.',
    hint: 'Export the model again with float32 or float16 pasts.',
  },
  {
    pattern: /Missing Input: (\S+)/,
    code: 'model-unsupported',
    message: ([, name]) => `How the input ${quoted(name)} of the model is to be fed is not known.`,
    hint: 'Export the decoder with token ids, masks, positions and past keys and values alone.',
  },
  {
    pattern: /Unrecognized attribute: (\w+) for operator (\w+)/,
    code: 'model-unsupported',
    message: ([, attribute, operator]) =>
      `onnxruntime cannot run this model: its operator ${operator ?? ''} has "${attribute ?? ''}", which is not known.`,
    hint: ANOTHER,
  },
  {
    pattern: /Optype \((\w+)\) bound to different types|operator \((\w+)\) in node \(.*?\) is invalid|Optype \((\w+)\)/,
    code: 'model-broken',
    message: ([, ...names]) =>
      `onnxruntime refuses this model: its operator ${names.find((name) => name) ?? ''} is given another number type than it takes.`,
    hint: REEXPORT,
  },
  {
    pattern:
      /while running (\w+) node\. Name:'([^']*)'|Op \((\w+)\) \[\w*InferenceError\]|\[\w*InferenceError\].*?Op:? ?\(?(\w+)/,
    code: 'model-broken',
    message: ([, running, name, ...others]) =>
      `onnxruntime cannot run this model: its operator ${running ?? others.find((other) => other) ?? ''}${
        name === undefined || name === '' ? '' : ` ${quoted(name)}`
      } does not go with what it is given.`,
    hint: REEXPORT,
  },
];

/** A name of the file, as it can stand in a sentence. */
const quoted = (name: string | undefined): string => `"${(name ?? '').replace(/["\s]/g, ' ').slice(0, 120)}"`;

/** onnxruntime's errors are texts, full of its own code: they never stand alone, and are kept as detail. */
export function sessionFault(error: unknown): Fault {
  const detail = error instanceof Error ? error.message : String(error);
  for (const { pattern, code, message, hint } of KINDS) {
    const found = pattern.exec(detail);
    if (found) return new Fault({ code, message: message(found), detail, ...(hint === undefined ? {} : { hint }) });
  }
  // It may be the model, the machine or us: nothing is said to be broken.
  return new Fault({
    code: 'model-unsupported',
    message: 'onnxruntime could not go on, for a reason that has no name here.',
    hint: 'Try again. If it comes again, please report it with the log, which has onnxruntime’s own words.',
    detail,
  });
}
