#!/bin/sh
# Writes requirements.lock and, from it, what each command installs: requirements/.
#     lock.sh UV [--upgrade]      without --upgrade a version changes only where pyproject.toml asks for it
set -eu
cd "$(dirname "$0")/../.."
uv=$1 upgrade=${2:-}

# compile FILE HEADER OPTION…
compile() {
  file=$1 header=$2
  shift 2
  "$uv" pip compile --quiet pyproject.toml "$@" --output-file "$file"
  { echo "$header"; grep -vE '^(#|(nvidia|cuda)-|triton==)' "$file"; } > "$file.new"
  mv "$file.new" "$file"
}

# excerpt NAME HEADER EXTRA…
excerpt() {
  name=$1 header=$2
  shift 2
  compile "requirements/$name.txt" "# $header: lines of requirements.lock. Written by 'make lock': do not edit." \
    --constraint requirements.lock $(printf -- '--extra %s ' "$@")
}

compile requirements.lock "\
# Every version pinned, for every system and for Python 3.11 and newer. Written by 'make lock': do not edit.
# The GPU libraries (nvidia-*, cuda-*, triton) are left out: a GPU build of torch asks for its own, a CPU build for none." \
  --all-extras $upgrade
excerpt students-no-torch "A lab, but for its cells with torch" labs
excerpt students "A lab" labs torch
excerpt site "Every command but the tests and the benchmarks" labs torch site grade build
excerpt test "Every command but the benchmarks" labs torch site grade build test browser
