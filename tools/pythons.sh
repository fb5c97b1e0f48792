#!/usr/bin/env bash
# Builds fcnn for other Pythons and runs the tests there, each in an environment of its
# own. Of the packages of the tests those are taken that have a wheel for that Python; test
# files whose packages are missing are left out, and named.
#   tools/pythons.sh python3.12 python3.14 ~/cpython-3.14t/bin/python3.14t
# LEVELS is the CPU levels to build (v3); TESTS what pytest runs (tests).
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# = 0 ]; then
  sed -n '2,/^set/ s/^# //p' "$0"
  exit 2
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1

read -ra levels <<<"${LEVELS:-v3}"
list_of_levels=$(IFS=';' && echo "${levels[*]}")
read -ra tests <<<"${TESTS:-tests}"
status=0
for python in "$@"; do
  name=$(basename "$python")
  "$python" -m venv "$work/$name"
  inside="$work/$name/bin/python"
  "$inside" -m pip install -q pytest pytest-xdist hypothesis numpy tqdm
  "$inside" -m pip install -q . --no-deps -C "cmake.define.FCNN_LEVELS=$list_of_levels"
  missing=()
  for package in safetensors h5py joblib matplotlib mpmath onnx onnxruntime pandas polars \
    pyarrow scikit-learn scipy skl2onnx tensorboard threadpoolctl; do
    "$inside" -m pip install -q --only-binary=:all: "$package" 2>/dev/null ||
      missing+=("$package")
  done
  echo "$("$inside" -VV): without ${missing[*]:-nothing}"
  "$inside" -c 'import sys, fcnn
lock = getattr(sys, "_is_gil_enabled", lambda: True)()
built = __import__("sysconfig").get_config_var("Py_GIL_DISABLED")
assert not (built and lock), "importing fcnn has switched the interpreter lock on"'
  ignored=()
  if [ ${#missing[@]} != 0 ]; then
    while read -r file; do ignored+=(--ignore="$file"); done < <(
      "$inside" -m pytest -p no:cacheprovider -q -n 0 --collect-only "${tests[@]}" |
        sed -n 's/^ERROR \(tests[^ ]*\.py\).*/\1/p'
    )
  fi
  echo "${#ignored[@]} files left out: ${ignored[*]}"
  "$inside" -m pytest -p no:cacheprovider -q "${ignored[@]}" "${tests[@]}" || status=1
done
exit $status
