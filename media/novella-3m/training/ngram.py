"""A 3-gram model over the same tokens and split, for comparison. usage: python ngram.py WORK   (writes WORK/ngram.json)

Interpolated modified Kneser-Ney (three discounts an order, estimated from counts of counts): a proper distribution over the
whole vocabulary. A chapter begins with two <|begin_of_text|> tokens as context.
"""
import json
import math
import pathlib
import sys

import numpy

from model import CONFIG

V, BOS = CONFIG["vocab_size"], CONFIG["bos_token_id"]


def trigrams(stream: numpy.ndarray) -> numpy.ndarray:
    """Packed (u, v, w) for every token w that is not BOS."""
    before = numpy.concatenate(([BOS], stream[:-1]))
    earlier = numpy.where(before == BOS, BOS, numpy.concatenate(([BOS, BOS], stream[:-2])))
    keep = stream != BOS
    return ((earlier * V + before) * V + stream)[keep]


def discounts(counts: numpy.ndarray) -> numpy.ndarray:
    n1, n2, n3, n4 = (int((counts == i).sum()) for i in (1, 2, 3, 4))
    y = n1 / (n1 + 2 * n2)
    return numpy.array([0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])


def main() -> None:
    work = pathlib.Path(sys.argv[1])
    train, held_out = (numpy.load(work / f"{part}.npy").astype(numpy.int64) for part in ("train", "held_out"))
    keys3, counts3 = numpy.unique(trigrams(train), return_counts=True)
    keys2, counts2 = numpy.unique(keys3 % (V * V), return_counts=True)  # continuation counts
    counts1 = numpy.bincount(keys2 % V, minlength=V)
    d1, d2, d3 = discounts(counts1[counts1 > 0]), discounts(counts2), discounts(counts3)

    taken = d1[numpy.minimum(counts1, 3)]
    p1 = (counts1 - taken) / counts1.sum() + taken.sum() / counts1.sum() / V
    taken = d2[numpy.minimum(counts2, 3)]
    context, following = keys2 // V, keys2 % V
    total = numpy.bincount(context, counts2, V)
    left = numpy.where(total > 0, numpy.bincount(context, taken, V) / numpy.maximum(total, 1), 1.0)
    p2 = left[:, None] * p1[None, :]
    p2[context, following] += (counts2 - taken) / total[context]

    taken = d3[numpy.minimum(counts3, 3)]
    contexts, first = numpy.unique(keys3 // V, return_index=True)
    edges = numpy.append(first, len(keys3))
    total = numpy.add.reduceat(counts3, first)
    left3 = numpy.add.reduceat(taken, first) / total

    wanted = trigrams(held_out)
    loss = hits = 0
    worst_sum = 0.0
    for count, key in enumerate(wanted):
        uv, w = divmod(int(key), V)
        row = p2[uv % V]
        at = numpy.searchsorted(contexts, uv)
        if at < len(contexts) and contexts[at] == uv:
            part = slice(edges[at], edges[at + 1])
            row = left3[at] * row
            row[keys3[part] % V] += (counts3[part] - taken[part]) / total[at]
        loss -= math.log(row[w])
        hits += int(row.argmax()) == w
        if count % 1000 == 0:
            worst_sum = max(worst_sum, abs(row.sum() - 1))
    assert worst_sum < 1e-9, worst_sum
    result = dict(tokens=len(wanted), loss=loss / len(wanted), perplexity=math.exp(loss / len(wanted)), top1=hits / len(wanted),
                  trigrams=len(keys3), bigrams=len(keys2))
    (work / "ngram.json").write_text(json.dumps(result, indent=1) + "\n")
    print(result)


if __name__ == "__main__":
    main()
