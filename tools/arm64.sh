#!/usr/bin/env bash
# fcnn for Linux on arm64, on an x86-64 Debian: the wheel is cross-compiled without a
# warning; its smoke test runs on an emulated CPU. The trees of the other architecture go
# to the folder given (kept for the next time) or to a new one.
#   apt-get install debootstrap g++-aarch64-linux-gnu qemu-user-static
#   pip install scikit-build-core pybind11 cmeel-eigen cmake ninja
#   tools/arm64.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
fcnn=$PWD
folder=$(realpath -m "${1:-$(mktemp -d)}")
mkdir -p "$folder"
cd "$folder"

# Debian's Python of that architecture, unpacked and not installed.
suite=bookworm version=3.11
if [ ! -e debian/usr/bin/python$version ]; then
  debootstrap --arch=arm64 --variant=minbase --download-only \
    --include=python3-dev,libstdc++6 $suite debian
  for package in debian/var/cache/apt/archives/*.deb; do
    dpkg -x "$package" debian
  done
fi
printf '#!/bin/sh\nexec qemu-aarch64-static -L %s %s "$@"\n' "$folder/debian" \
  "$folder/debian/usr/bin/python$version" >python
chmod +x python

for_arm64=(--target packages --upgrade --only-binary=:all: --implementation cp
  --python-version $version)
for glibc in 2_28 2_27 2_17; do
  for_arm64+=(--platform "manylinux_${glibc}_aarch64")
done
pip install -q "${for_arm64[@]}" --platform manylinux2014_aarch64 \
  'numpy>=1.25' tqdm

includes=-I$folder/debian/usr/include # where Python.h finds pyconfig.h
rm -rf wheel
_PYTHON_HOST_PLATFORM=linux-aarch64 \
  CC=aarch64-linux-gnu-gcc CFLAGS=$includes \
  CXX=aarch64-linux-gnu-g++ CXXFLAGS=$includes \
  pip wheel -q --no-deps --no-build-isolation --wheel-dir wheel "$fcnn" \
  -C build-dir="$folder/build" \
  -C cmake.define.CMAKE_SYSTEM_NAME=Linux \
  -C cmake.define.CMAKE_SYSTEM_PROCESSOR=aarch64 \
  -C cmake.define.FCNN_WERROR=ON \
  -C cmake.define.Python_EXECUTABLE="$folder/python" \
  -C cmake.define.Python_INCLUDE_DIR="$folder/debian/usr/include/python$version"
pip install -q "${for_arm64[@]}" --platform linux_aarch64 --no-deps wheel/*.whl

PYTHONPATH=$folder/packages ./python "$fcnn/tests/test_smoke.py"
