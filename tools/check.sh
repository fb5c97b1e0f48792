#!/usr/bin/env bash
# The checks of style and types, all with the tools of the `dev` extra.
#   tools/check.sh          says what is wrong
#   tools/check.sh --fix    mends what can be mended first
set -euo pipefail
cd "$(dirname "$0")/.."

cpp_sources() {
  git ls-files --cached --others --exclude-standard -z -- 'cpp/*.c' 'cpp/*.[ch]pp'
}

if [ "${1:-}" = --fix ]; then
  ruff check --quiet --fix-only .
  ruff format --quiet .
  cpp_sources | xargs -0 clang-format -i
fi

ruff check --quiet .
ruff format --check --quiet --diff .
mypy --strict --no-error-summary python/fcnn
cpp_sources | xargs -0 clang-format --dry-run -Werror
