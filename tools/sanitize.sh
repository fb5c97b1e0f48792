#!/usr/bin/env bash
# Looks for wrong memory, undefined behavior and races in the compiled core. In a virtual
# environment set up as CONTRIBUTING.md says, with g++, clang-tidy-14 and valgrind:
#   tools/sanitize.sh                    all of it
#   tools/sanitize.sh address [ARG...]   pytest ARG... under ASan and UBSan
#   tools/sanitize.sh leaks [ARG...]     some tests, or pytest ARG..., under LeakSanitizer
#   tools/sanitize.sh thread [ARG...]    the tests of threads, or pytest ARG..., under TSan
#   tools/sanitize.sh memcheck           the smoke test under valgrind
#   tools/sanitize.sh tidy [FILE...]     clang-tidy
# FCNN_CHECKED_LEVEL is the CPU level: v3 unless set, which every machine of CI runs and
# valgrind knows. What is read beyond an array's end grows with the registers, so that v4
# is worth a run where it is to be had.
set -euo pipefail
shopt -s nullglob
cd "$(dirname "$0")/.."
level=${FCNN_CHECKED_LEVEL:-v3}
checked=$PWD/build/checked
unset FCNN_CPU_LEVEL

library() { g++ -print-file-name="$1"; }

# build NAME CHECKED: fcnn with FCNN_CHECKED=CHECKED, in a virtual environment of its own
# that is active from here on, beside the packages of the one that was. Its logs go to
# $logs.
build() {
  local others
  others=$(python3 -c 'import sys
print(*(path for path in sys.path if path.endswith("site-packages")), sep="\n")')
  python3 -m venv --without-pip "$checked/$1"
  PATH=$checked/$1/bin:$PATH
  echo "$others" >"$(python3 -c 'import sysconfig
print(sysconfig.get_path("platlib"))')/others.pth"
  python3 -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation . \
    -C build-dir="$checked/$1/objects" -C install.strip=false \
    -C cmake.define.FCNN_LEVELS="$level" -C cmake.define.FCNN_CHECKED="$2"
  logs=$checked/$1/logs
  rm -rf "$logs"
  mkdir "$logs"
}

# run COMMAND...: fails if the command does, or if a log, of this or another process, has
# a report with the core in it. Reports, and LeakSanitizer's and valgrind's leaks each, are
# paragraphs; valgrind begins its lines with ==PID==. CPython works with numbers that were
# never written, in objects' unused bits, also when the core has called it: of such a
# report, and of where its memory came from, only what is above Python's evaluation counts.
run() {
  local status=0
  env "$@" || status=$?
  if sed 's/^==[0-9]*== \?//' "$logs"/* /dev/null |
    awk -v RS= -v FS='\n' '{
      counts = 1
      for (i = 1; i <= NF; ++i) {
        if ($i ~ /^ +at /) counts = 1
        if ($i ~ /_PyEval_/ && $1 ~ /uninitialised/) counts = 0
        if (counts && $i ~ /fcnn::|_fcnn_|probe\.c/) { print $0 "\n"; found = 1; break }
      }
    } END { exit !found }'; then
    status=1
  fi
  return $status
}

# Of standard error Python's side alone is captured: what UBSan says before it ends the
# process is seen.
pytest=(python3 -m pytest --capture=sys -p no:cacheprovider -m 'not torch and not plain')
with_asan=(LD_PRELOAD="$(library libasan.so) $(library libstdc++.so)"
  UBSAN_OPTIONS=print_stacktrace=1)
# Memory that is refused is an error of Python's, which tests expect.
asan_options=detect_stack_use_after_return=1:leak_check_at_exit=0:allocator_may_return_null=1

address() {
  build address address,undefined,float-cast-overflow
  run "${with_asan[@]}" ASAN_OPTIONS="$asan_options:log_path=$logs/report" \
    "${pytest[@]}" "$@"
}

# Whatever is refused or thrown midway might leave something behind.
leaks() {
  if [ $# = 0 ]; then
    set -- tests/test_{smoke,predictor,failing_fits,fit_arguments,divergence,copies}.py
  fi
  build address address,undefined,float-cast-overflow
  # By malloc, so that pointers in Python's objects are found.
  run "${with_asan[@]}" ASAN_OPTIONS="$asan_options:log_path=$logs/report" \
    PYTHONMALLOC=malloc python3 tools/leaks.py "${pytest[@]:3}" -n 0 "$@"
}

thread() {
  if [ $# = 0 ]; then
    set -- tests/test_{smoke,concurrency,threads,hostile_callers}.py
  fi
  build thread thread
  # Tests fork beside threads. setarch -R, without TSan itself: TSan wants libraries where
  # it expects them.
  run setarch -R env LD_PRELOAD="$(library libtsan.so)" \
    TSAN_OPTIONS="die_after_fork=0:allocator_may_return_null=1:log_path=$logs/report" \
    "${pytest[@]}" -n 0 "$@"
}

memcheck() {
  build memcheck ON
  run PYTHONMALLOC=malloc valgrind --quiet --log-file="$logs/report.%p" --num-callers=30 \
    --track-origins=yes --leak-check=full --show-leak-kinds=definite \
    python3 tests/test_smoke.py
}

tidy() {
  cmake -S . -B "$checked/tidy" -G Ninja -DCMAKE_C_COMPILER=clang-14 \
    -DCMAKE_CXX_COMPILER=clang++-14 -DCMAKE_EXPORT_COMPILE_COMMANDS=ON \
    -DFCNN_LEVELS="$level" -DPython_EXECUTABLE="$(command -v python3)" \
    -Dpybind11_DIR="$(python3 -m pybind11 --cmakedir)" \
    -DCMAKE_PREFIX_PATH="$(python3 -c 'import pathlib, pybind11
print(pathlib.Path(pybind11.__file__).parents[1])')" >/dev/null
  if [ $# = 0 ]; then # the bindings are compiled as one file, first as it takes longest
    set -- "$checked"/tidy/CMakeFiles/*/Unity/*.cxx cpp/fcnn/*.cpp cpp/probe/probe.c
  fi
  printf '%s\0' "$@" |
    xargs -0 -n 1 -P "$(nproc)" clang-tidy-14 -p "$checked/tidy" --quiet
}

if [ $# != 0 ]; then
  ("$@")
else
  for part in tidy memcheck thread leaks address; do
    SECONDS=0
    ($part)
    echo "ok $part: $SECONDS s"
  done
fi
