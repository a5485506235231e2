#!/usr/bin/env bash
# The figure of docs/boundaries-and-translators.md after Janiak et al., 2024 (arXiv 2409.17113): the relative distance of what the
# last block puts out, on the way from one prompt's state behind the first block to others'. MODEL is SmolLM2-135M, as checkpoint or ONNX.
#   bash docs/commands/stable-regions.sh MODEL OUT
set -euo pipefail
model=$1 out=$2
embedding_grid=${EMBEDDING_GRID:-embedding-grid}
mkdir -p "$out"
$embedding_grid boundaries --model "$model" --layer-idx 0 --center-prompt "The capital of France is" \
  --line "The capital of Germany is" --line "The old man walked to the sea and" \
  --line "def add(a, b): return a +" --line "The largest city of France is" --figure "$out/line.svg"
