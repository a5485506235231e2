import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** A model of SentencePiece as tokenizer.model has it: what of it tokenizers are made of. */
export interface SentencePieceModel {
  readonly kind: 'unigram' | 'BPE';
  readonly pieces: readonly Piece[];
  readonly byteFallback: boolean;
  /** Its rules for characters, as bytes; empty for none. */
  readonly charsmap: Uint8Array;
  /** Whether a space is put before a text. */
  readonly spaceFirst: boolean;
  /** Whether several spaces become one. */
  readonly joinsSpaces: boolean;
}

export interface Piece {
  readonly text: string;
  readonly score: number;
  /** As SentencePiece numbers them. */
  readonly type: number;
}

export const PIECE = { normal: 1, unknown: 2, control: 3, userDefined: 4 } as const;
const UNIGRAM = 1;
const BPE = 2;
const MOST_PIECES = 2 ** 21;

/** Reads tokenizer.model. @throws Error with the reason */
export function readSentencePiece(bytes: Uint8Array): SentencePieceModel {
  const pieces: Piece[] = [];
  let kind = UNIGRAM;
  let byteFallback = false;
  let charsmap = new Uint8Array(0);
  let spaceFirst = true;
  let joinsSpaces = true;
  fields(bytes, {
    1: (reader) => {
      if (pieces.length >= MOST_PIECES) throw new Error('it holds more pieces than any');
      pieces.push(readPiece(reader.bytes()));
    },
    2: (reader) =>
      fields(reader.bytes(), {
        3: (own) => (kind = own.int32()),
        35: (own) => (byteFallback = own.bool()),
      }),
    3: (reader) =>
      fields(reader.bytes(), {
        2: (own) => (charsmap = own.bytes().slice()),
        3: (own) => (spaceFirst = own.bool()),
        4: (own) => (joinsSpaces = own.bool()),
      }),
  });
  if (pieces.length === 0) throw new Error('it holds no pieces');
  if (kind !== UNIGRAM && kind !== BPE) throw new Error('its pieces are words or characters, which is not read');
  return { kind: kind === BPE ? 'BPE' : 'unigram', pieces, byteFallback, charsmap, spaceFirst, joinsSpaces };
}

function readPiece(bytes: Uint8Array): Piece {
  let [text, score, type]: [string, number, number] = ['', 0, PIECE.normal];
  fields(bytes, {
    1: (reader) => (text = reader.string()),
    2: (reader) => (score = reader.float()),
    3: (reader) => (type = reader.int32()),
  });
  return { text, score, type };
}

/** Reads some of a message's fields, and passes the others. */
function fields(bytes: Uint8Array, read: Readonly<Record<number, (reader: BinaryReader) => unknown>>): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    const own = read[field];
    if (own && wire !== WireType.StartGroup) own(reader);
    else reader.skip(wire, field);
  }
}
