/**
 * What went wrong, as a value that a person can act on. It crosses every boundary (engine, page, terminal) as plain data.
 * `code` is stable and for programs, `message` is one sentence in the person's terms, `hint` says what to do about it and
 * `detail` holds the raw text of a library, for a log or a "Details" fold, never for the first line.
 */
export interface FaultData {
  readonly code: FaultCode;
  readonly message: string;
  readonly hint?: string;
  readonly detail?: string;
}

export type FaultCode =
  | 'bad-parameter' // a flag, field or key of a specification is out of range or unreadable
  | 'model-not-found' // no model at the path, or it cannot be read
  | 'model-ambiguous' // a folder with several models, none of which is the obvious one
  | 'model-broken' // not an ONNX model, damaged, or weights are missing
  | 'model-unsupported' // a sound model that cannot be cut: encoder-decoder, no head, unknown operator
  | 'tokenizer' // the tokenizer is missing, broken or does not fit the model
  | 'device' // the asked device is not to be had
  | 'memory' // memory ran out, even with the smallest batch
  | 'engine-died' // the engine process ended; every open request ends with this
  | 'network' // the Hugging Face hub cannot be reached, or what it sends is not what it says
  | 'cancelled'
  | 'output' // a file cannot be written
  | 'file' // a file that was given cannot be read
  | 'internal'; // a mistake of ours

/** Names in a message come from files and paths: whatever they hold, it stays one line that can be read. */
const oneSentence = (message: string): string =>
  message
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/"([^"]{100})[^"]{100,}([^"]{100})"/g, '"$1...$2"')
    .slice(0, 2000);

/** A {@link FaultData} that can be thrown. Thrown inside a room, turned into data at its border. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly hint: string | undefined;
  readonly detail: string | undefined;

  constructor(data: FaultData) {
    super(oneSentence(data.message));
    this.name = 'Fault';
    this.code = data.code;
    this.hint = data.hint;
    this.detail = data.detail;
  }

  /** The plain value, for a message or a file. */
  toData(): FaultData {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.detail === undefined ? {} : { detail: this.detail }),
    };
  }

  /** Anything that was thrown, as a fault: an unforeseen error becomes `internal` and keeps its stack as detail. */
  static from(thrown: unknown): Fault {
    if (thrown instanceof Fault) return thrown;
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return new Fault({
      code: 'internal',
      message: `Something unexpected happened: ${error.message}`,
      hint: 'Please report this with the log.',
      detail: error.stack ?? error.message,
    });
  }
}
