#!/usr/bin/env bash
# The commands of upstream's documentation, in the order a reader types them:
#   upstream-commands.sh HOST      `omlmd` and `jq` on PATH, run in an empty folder
# Prints what they print; stops at the first that fails.
set -euo pipefail

repository="$1/mmortari/mlartifact"

echo '# A model' >README.md
echo '{"name": "Model Example", "author": "John Doe", "license": "Apache-2.0", "accuracy": 0.987}' >md.json
echo '{"name": "Model Example", "author": "John Doe", "license": "Apache-2.0", "accuracy": 0.745}' >md2.json

omlmd push "$repository:v1" README.md --empty-metadata --plain-http >&2
omlmd push "$repository:v1" README.md --metadata md.json --plain-http >&2
omlmd push "$repository:v2" README.md -m md2.json --plain-http >&2

omlmd pull "$repository:v1" -o all --plain-http >&2
ls all
cmp README.md all/README.md

omlmd pull "$repository:v1" -o filtered --media-types application/x-mlmodel --plain-http >&2
ls filtered

omlmd get config "$repository:v1" --plain-http
omlmd get config "$repository:v1" --plain-http | jq -r .config.author
omlmd crawl "$repository:v1" "$repository:v2" --plain-http
omlmd crawl --plain-http "$repository:v1" "$repository:v2" |
  jq -r 'max_by(.config.customProperties.accuracy).reference'
