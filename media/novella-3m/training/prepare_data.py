"""Collects the training text from Debian packages, splits it by chapter, trains the tokenizer and writes token files.

usage: python prepare_data.py WORK        (needs apt-get and dpkg-deb; no root rights, nothing is installed)

Writes into WORK:
  packages/        the downloaded packages, unpacked
  chapters.json    [{source, title, split, text}]: every chapter, "train" or "held_out"
  tokenizer.json   byte-level BPE of 4,096 tokens, trained on the training chapters
  train.npy, held_out.npy   uint16 token streams: <|begin_of_text|> chapter <|end_of_text|> ...
  data.json        amounts, for the model card
"""
import json
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile
import zlib

import numpy
import rdata
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

VOCABULARY = 4096
BOS, EOS = "<|begin_of_text|>", "<|end_of_text|>"
HELD_OUT = 0.05
SEED = 1
PACKAGES = ["r-cran-janeaustenr", "bible-kjv", "bible-kjv-text", "r-cran-tokenizers", "golang-github-klauspost-compress-dev"]


def fetch(folder: pathlib.Path) -> None:
    """Downloads and unpacks the packages that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        if (folder / package).exists():
            continue
        with tempfile.TemporaryDirectory() as scratch:
            subprocess.run(["apt-get", "download", "-q", package], cwd=scratch, check=True)
            (deb,) = pathlib.Path(scratch).glob("*.deb")
            subprocess.run(["dpkg-deb", "-x", str(deb), str(folder / package)], check=True)


def r_lines(folder: pathlib.Path, name: str) -> list[str]:
    """A character vector of an R package's lazy-load database (data/Rdata.rdx, data/Rdata.rdb)."""
    index = zlib.decompress((folder / "Rdata.rdx").read_bytes(), wbits=zlib.MAX_WBITS | 32)  # zlib or gzip header
    entry = rdata.conversion.convert(rdata.parser.parse_data(index))["variables"][name]
    offset, length = (int(v) for v in entry)
    block = (folder / "Rdata.rdb").read_bytes()[offset : offset + length]
    (size,) = struct.unpack(">I", block[:4])
    raw = zlib.decompress(block[4:])
    assert len(raw) == size
    return [str(line) for line in numpy.asarray(rdata.conversion.convert(rdata.parser.parse_data(raw))).ravel()]


def paragraphs(lines: list[str]) -> str:
    """Joins hard-wrapped lines; blank lines separate paragraphs, which come out one a line."""
    text = "\n".join(line.strip() for line in lines)
    text = text.replace("\u201c", '"').replace("\u201d", '"').replace("\u2018", "'").replace("\u2019", "'").replace("\u2014", "--")
    text = re.sub(r"\[(Illustration|Footnote)[^\]]*\]", "", text)
    text = text.replace("_", "").replace("*", "")
    blocks = [re.sub(r"\s+", " ", block).strip() for block in re.split(r"\n\s*\n", text)]
    return "\n".join(block for block in blocks if block)


def by_heading(lines: list[str], heading: re.Pattern) -> list[tuple[str, str]]:
    """Cuts a book where a line matches `heading`; what stands before the first (title page, contents) is left out."""
    starts = [i for i, line in enumerate(lines) if heading.match(line.strip())]
    pieces = []
    for start, end in zip(starts, [*starts[1:], len(lines)]):
        body = paragraphs(lines[start + 1 : end])
        if len(body) > 500:  # an entry of a table of contents has no body
            pieces.append((lines[start].strip(), body))
    return pieces


CHAPTER = re.compile(r"^(CHAPTER|Chapter)\s+([0-9]+|[IVXLC]+)\b|^(Epilogue|ETYMOLOGY|CONCLUSION|LETTER \d)")


BACK_MATTER = re.compile(r"^(THE END|FINIS|Finis|A NOTE ON THE TEXT)$|^(\*\*\* ?)?END OF (THE |THIS )?PROJECT GUTENBERG", re.I)


def without_back_matter(lines: list[str]) -> list[str]:
    return lines[: next((i for i, line in enumerate(lines) if BACK_MATTER.match(line.strip())), len(lines))]


def austen(packages: pathlib.Path) -> list[dict]:
    folder = packages / "r-cran-janeaustenr/usr/lib/R/site-library/janeaustenr/data"
    books = {"Sense and Sensibility": "sensesensibility", "Pride and Prejudice": "prideprejudice", "Mansfield Park": "mansfieldpark",
             "Emma": "emma", "Northanger Abbey": "northangerabbey", "Persuasion": "persuasion"}
    out = []
    for title, name in books.items():
        lines = r_lines(folder, name)
        out += [dict(source=title, title=f"{title}, {head}", text=text) for head, text in by_heading(without_back_matter(lines), CHAPTER)]
    return out


def moby_dick(packages: pathlib.Path) -> list[dict]:
    lines = "\n".join(r_lines(packages / "r-cran-tokenizers/usr/lib/R/site-library/tokenizers/data", "mobydick")).split("\n")
    return [dict(source="Moby Dick", title=f"Moby Dick, {head}", text=text) for head, text in by_heading(without_back_matter(lines), CHAPTER)]


def tom_sawyer(packages: pathlib.Path) -> list[dict]:
    path = "golang-github-klauspost-compress-dev/usr/share/gocode/src/github.com/klauspost/compress/testdata/Mark.Twain-Tom.Sawyer.txt"
    lines = (packages / path).read_text("utf-8", errors="replace").split("\n")
    return [dict(source="Tom Sawyer", title=f"Tom Sawyer, {head}", text=text) for head, text in by_heading(without_back_matter(lines), CHAPTER)]


def bible(packages: pathlib.Path) -> list[dict]:
    """`bible -f` prints one verse a line, "Ge1:1 In the beginning ..."; a chapter becomes one paragraph."""
    printed = subprocess.run([str(packages / "bible-kjv/usr/bin/bible"), "-f", "-p", str(packages / "bible-kjv-text/usr/lib"), "gen1:1-rev22:21"],
                             check=True, capture_output=True, text=True).stdout
    chapters: dict[str, list[str]] = {}
    for line in printed.split("\n"):
        found = re.match(r"^(\w+?)(\d+):(\d+) (.+)$", line)
        if found:
            chapters.setdefault(f"{found[1]} {found[2]}", []).append(found[4].strip())
    return [dict(source="King James Bible", title=f"King James Bible, {name}", text=re.sub(r"\s+", " ", " ".join(verses))) for name, verses in chapters.items()]


def split(chapters: list[dict]) -> None:
    """About 5 % of the characters of every source, whole chapters, are held out."""
    generator = random.Random(SEED)
    for source in dict.fromkeys(c["source"] for c in chapters):
        own = [c for c in chapters if c["source"] == source]
        wanted, held = HELD_OUT * sum(len(c["text"]) for c in own), 0
        for chapter in generator.sample(own, len(own)):
            take = held + len(chapter["text"]) / 2 <= wanted
            chapter["split"] = "held_out" if take else "train"
            held += len(chapter["text"]) if take else 0


def train_tokenizer(texts: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[BOS, EOS], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(add_prefix_space=False, trim_offsets=False),
        processors.TemplateProcessing(single=f"{BOS} $A", pair=f"{BOS} $A {BOS} $B", special_tokens=[(BOS, tokenizer.token_to_id(BOS))])])
    return tokenizer


def main() -> None:
    work = pathlib.Path(sys.argv[1])
    fetch(work / "packages")
    chapters = [c for reader in (austen, bible, moby_dick, tom_sawyer) for c in reader(work / "packages")]
    split(chapters)
    (work / "chapters.json").write_text(json.dumps(chapters, ensure_ascii=False, indent=1) + "\n", "utf-8")
    tokenizer = train_tokenizer([c["text"] for c in chapters if c["split"] == "train"])
    tokenizer.save(str(work / "tokenizer.json"), pretty=False)
    eos = tokenizer.token_to_id(EOS)
    amounts: dict[str, dict] = {}
    for part in ("train", "held_out"):
        chosen = [c for c in chapters if c["split"] == part]
        ids = [[*e.ids, eos] for e in tokenizer.encode_batch([c["text"] for c in chosen])]
        numpy.save(work / f"{part}.npy", numpy.concatenate([numpy.array(i, numpy.uint16) for i in ids]))
        for chapter, tokens in zip(chosen, ids):
            row = amounts.setdefault(chapter["source"], {}).setdefault(part, dict(chapters=0, characters=0, tokens=0))
            row["chapters"] += 1
            row["characters"] += len(chapter["text"])
            row["tokens"] += len(tokens)
    (work / "data.json").write_text(json.dumps(amounts, indent=1) + "\n")
    print(json.dumps(amounts, indent=1))


if __name__ == "__main__":
    main()
