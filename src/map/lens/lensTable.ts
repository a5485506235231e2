import type { Layer, MapParameters, ModelReference } from '../specification.js';
import type { Token } from '../token.js';
import type { Cells } from '../tokenMap.js';

/** A token that is followed through a lens. */
export interface LensToken {
  readonly token: Token;
  /** [cells] */
  readonly probabilities: Float32Array;
  /** [cells] 1: the most probable. */
  readonly ranks: Int32Array;
}

/**
 * What a lens reads of a prompt at every layer and position. A row of cells for each layer, a column for each position; cell
 * `row * positions + column`. Where the model's arithmetic leaves its number range, entropy is NaN.
 */
export interface LensTable {
  readonly model: ModelReference;
  /** As the model reads them: the prompt is the context; layer, plane and grid play no part. */
  readonly parameters: MapParameters;
  /** Decoder blocks of the model. */
  readonly blocks: number;
  /** From the first on. */
  readonly layers: readonly Layer[];
  /** The prompt. */
  readonly positions: readonly Token[];
  readonly topK: number;
  /** [cells * topK] token ids, most probable first. */
  readonly ids: Int32Array;
  readonly probabilities: Float32Array;
  /** [cells], in nats. */
  readonly entropy: Float32Array;
  /** The token that the parameters ask for; null: they ask for none. */
  readonly named: LensToken | null;
  /** Every token that occurs in the cells. */
  readonly tokens: readonly Token[];
  /** Version of Embedding Grid. */
  readonly version: string;
  readonly device: string;
  readonly seconds: number;
}

/** A cell of a lens. */
export interface LensCell {
  readonly layer: Layer;
  readonly position: number;
  /** Most probable first; empty where nothing is defined. */
  readonly top: readonly { readonly token: Token; readonly probability: number }[];
  /** Nats. */
  readonly entropy: number;
  readonly named: { readonly probability: number; readonly rank: number } | null;
}

/** Gives the cells of a table. */
export function lensCells(table: LensTable): (row: number, column: number) => LensCell {
  const { topK: k, positions, layers, named, ids, probabilities } = table;
  const tokens = new Map(table.tokens.map((token) => [token.id, token]));
  return (row, column) => {
    const cell = row * positions.length + column;
    const entropy = table.entropy[cell] ?? NaN;
    const defined = Number.isFinite(entropy);
    return {
      layer: layers[row] ?? 0,
      position: column,
      top: Array.from({ length: defined ? k : 0 }, (_, i) => {
        const id = ids[cell * k + i] ?? 0;
        const token: Token = tokens.get(id) ?? { id, kind: 'unknown', text: `#${id}` };
        return { token, probability: probabilities[cell * k + i] ?? 0 };
      }),
      entropy,
      named: named && defined ? { probability: named.probabilities[cell] ?? 0, rank: named.ranks[cell] ?? 0 } : null,
    };
  };
}

/** The same as cells of a map, for what colors and draws these: columns are positions, row 0 is the first layer. */
export function cellsOfLens({ layers, positions, topK, ids, probabilities, entropy, named }: LensTable): Cells {
  return {
    columns: positions.length,
    rows: layers.length,
    topK,
    computed: Uint8Array.from(entropy, (nats) => Number(Number.isFinite(nats))),
    ids,
    probabilities,
    entropy,
    ...(named ? { answers: named.probabilities } : {}),
  };
}
