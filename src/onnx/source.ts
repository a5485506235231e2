/** Random access to a file's bytes, so that this room needs no I/O and a reader never takes a whole file into memory. */
export interface ByteSource {
  readonly size: number;
  /** The bytes [offset, offset + length), all of them inside the file. The view may be reused by the next call. */
  read(offset: number, length: number): Uint8Array;
}

/**
 * Why a model was refused: what was looked for and where the search ended. `absent`: the model is fine, and what was asked of it is not
 * there. The engine turns it into a fault.
 */
export class ModelError extends Error {
  constructor(
    readonly kind: 'broken' | 'unsupported' | 'absent',
    message: string,
    readonly hint?: string,
  ) {
    super(message);
    this.name = 'ModelError';
  }
}

export const broken = (message: string, hint?: string): ModelError => new ModelError('broken', message, hint);
export const unsupported = (message: string, hint?: string): ModelError => new ModelError('unsupported', message, hint);
export const absent = (message: string, hint?: string): ModelError => new ModelError('absent', message, hint);
