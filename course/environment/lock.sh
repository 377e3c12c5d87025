#!/bin/sh
# Writes requirements.lock: one file for every system and for Python 3.11 and newer.   lock.sh UV
set -eu
cd "$(dirname "$0")/../.."
"$1" pip compile --universal --python-version 3.11 --all-extras --no-annotate --no-header --no-emit-index-url \
  --quiet --upgrade pyproject.toml course/environment/lock.in --output-file requirements.new
{
  echo "# Every version pinned, for every system and for Python 3.11 and newer. Written by 'make lock': do not edit."
  echo "# The GPU libraries (nvidia-*, cuda-*, triton) are left out: a GPU build of torch asks for its own, a CPU build for none."
  grep -vE '^(nvidia|cuda)-|^triton==' requirements.new
} > requirements.lock
rm requirements.new
