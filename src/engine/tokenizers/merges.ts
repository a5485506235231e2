/**
 * The merges that a SentencePiece vocabulary implies: every piece that two others make, the best score first; of pieces as good
 * the one with the longer left part, then the longer right part. As transformers derives them (generate_merges).
 * @param scores of each piece, by its text; the higher, the earlier it is made
 * @param equal which of several ways to make a piece comes first
 */
export function impliedMerges(
  ids: ReadonlyMap<string, number>,
  scores: ReadonlyMap<string, number>,
  equal: 'longer first' | 'shorter first' | 'earlier parts first' = 'longer first',
): [left: string, right: string][] {
  const merges: Merge[] = [];
  for (const [piece, score] of scores) {
    if (piece.length > LONGEST) continue;
    const own: Merge[] = [];
    // Parts are of whole characters; lengths count them.
    const characters = Array.from(piece);
    let at = 0;
    for (let i = 1; i < characters.length; i++) {
      at += characters[i - 1]?.length ?? 0;
      const [left, right] = [piece.slice(0, at), piece.slice(at)];
      const [leftId, rightId] = [ids.get(left), ids.get(right)];
      if (leftId === undefined || rightId === undefined) continue;
      own.push({ left, right, leftId, rightId, score, lengths: [i, characters.length - i] });
    }
    own.sort((a, b) => a.leftId - b.leftId || a.rightId - b.rightId);
    for (const merge of own) merges.push(merge);
    if (merges.length > MOST) throw new Error('its pieces imply more merges than any vocabulary has');
  }
  // What is equal keeps its order.
  const sign = { 'longer first': 1, 'shorter first': -1, 'earlier parts first': 0 }[equal];
  merges.sort(
    (a, b) => b.score - a.score || sign * (b.lengths[0] - a.lengths[0]) || sign * (b.lengths[1] - a.lengths[1]),
  );
  return merges.map(({ left, right }) => [left, right]);
}

interface Merge {
  readonly left: string;
  readonly right: string;
  readonly leftId: number;
  readonly rightId: number;
  readonly score: number;
  /** In characters. */
  readonly lengths: readonly [number, number];
}

/** A piece of more is no word of any language, and has as many parts. */
const LONGEST = 512;
/** Gemma 3's vocabulary of 262,144 has 514,906. */
const MOST = 4e6;
