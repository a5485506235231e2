#!/usr/bin/env bash
# The lesson of docs/pages.md as a page to hand out: one file, for any browser.
#   bash docs/commands/lesson.sh OUT
set -euo pipefail
out=$1
embedding_grid=${EMBEDDING_GRID:-embedding-grid}
lessons=$(cd "$(dirname "$0")/../lessons" && pwd)

$embedding_grid --center-prompt "Tom and Huck went to the" --x-prompt "The captain looked at the white" \
  --y-prompt "And Moses said unto the" --units norm --spacing 0.05 --center 0.5,0.5 --grid-size 40 \
  --formats html --reading "$lessons/three-books.md" --output-dir "$out"
