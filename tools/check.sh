#!/usr/bin/env bash
# The checks of style, types, spelling and the files that other programs read, all with
# the tools of the `dev` extra.
#   tools/check.sh          says what is wrong
#   tools/check.sh --fix    mends what can be mended first
set -euo pipefail
cd "$(dirname "$0")/.."

# sources [PATTERN...]: the files that git has or would take, apart from pictures.
sources() {
  git ls-files --cached --others --exclude-standard -z -- "${@:-:!*.png}"
}
cpp_sources() { sources 'cpp/*.c' 'cpp/*.[ch]pp' 'tools/*.[ch]pp'; }

if [ "${1:-}" = --fix ]; then
  ruff check --quiet --fix-only .
  ruff format --quiet .
  cpp_sources | xargs -0 clang-format -i
fi

ruff check --quiet .
ruff format --check --quiet --diff .
mypy --strict --no-error-summary python/fcnn
cpp_sources | xargs -0 clang-format --dry-run -Werror

sources | xargs -0 codespell
validate-pyproject pyproject.toml >/dev/null
check() { check-jsonschema --quiet --builtin-schema "vendor.$1" "${@:2}"; }
check citation-file-format CITATION.cff
check dependabot .github/dependabot.yml
check github-issue-forms .github/ISSUE_TEMPLATE/{bug,feature}.yml
check github-workflows .github/workflows/*.yml
zizmor --offline --quiet --no-progress .github
