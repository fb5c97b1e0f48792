#!/usr/bin/env bash
# Fails if a compiled module holds an AVX instruction: one that names a ymm, zmm or mask
# register, or an SSE instruction in its AVX form (vaddps for addps).
#   tools/no_avx.sh .../fcnn/_fcnn_base*.so
set -euo pipefail

# disassembly: "  address:<tab>mnemonic operands"
found=$(objdump --disassemble --no-show-raw-insn "$1" |
  awk -F'\t' 'NF > 1 && ($2 ~ /^v[a-z]/ || $2 ~ /%([yz]mm|k[0-7])/) { n++; line = $0 }
              END { if (n) print n " AVX instructions, the last of them" line }')
if [ -n "$found" ]; then
  echo "$1: $found" >&2
  exit 1
fi
