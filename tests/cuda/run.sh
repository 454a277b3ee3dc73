#!/usr/bin/env bash
# Carries the built libraries to a machine with a GPU and checks and times them there.
#
#   tests/cuda/run.sh pack FILE.tgz LIBPADDLEMEND_CUDA LIBPADDLEMEND NATIVE [FURTHER LIBRARIES]   here
#   tar xzf FILE.tgz && tests/cuda/run.sh check OUT                                            there
#
# NATIVE is native.so for the Python of that machine, which needs torch, triton and pytest. It takes
# less than ten minutes; OUT gets the logs, bench.json and bench.md.
set -euo pipefail
cd "$(dirname "$0")/../.."

pack() {
  local file=$1
  shift
  local folder
  folder=$(mktemp -d)
  mkdir -p "$folder/site/paddlemend/lib"
  cp -r py/. "$folder/site/paddlemend/"
  cp "$@" "$folder/site/paddlemend/lib/"
  cp -r --parents tests/kernels tests/cuda bench "$folder/"
  tar czf "$file" -C "$folder" .
  rm -rf "$folder"
}

native_tests() {  # one process an operator, side by side
  local name
  for name in as_strided batch_norm cholesky_solve copysign expand fused_layer_norm index_add \
    index_put index_sample put_along_axis unique; do
    (timeout 200 python3 -m pytest -q -p on_gpu -p no:xdist "tests/kernels/test_native_$name.py" \
      -k "not nothing_is_written" >"$out/native_$name.log" 2>&1
    echo "$name: $(tail -1 "$out/native_$name.log")") &
  done
  wait
  cat "$out"/native_*.log >"$out/native.log"
  rm "$out"/native_*.log
}

case_lists() {  # those of the eleven operators
  local name files=()
  for name in as_strided batch_norm broadcast_to cholesky_solve copysign copysign_ expand expand_as \
    fused_layer_norm index_add index_add_ index_put index_put_ index_sample put_along_axis \
    put_along_axis_ unique; do
    files+=(--api-config-file "site/paddlemend/apitest/cases/$name.txt")
  done
  timeout 200 python3 -m paddlemend.apitest accuracy --paddle library --device cuda --jobs 12 \
    "${files[@]}" >"$out/apitest.log" 2>&1 || true
  tail -4 "$out/apitest.log"
}

sanitize() {
  local tool=$1 log="$out/$1${2:-}.log"
  PYTORCH_NO_CUDA_MEMORY_CACHING=1 timeout 200 compute-sanitizer --tool "$tool" \
    python3 tests/cuda/sanitize.py --once ${2:-} >"$log" 2>&1 || true
  echo "$tool ${2:-}: $(grep -E "calls ran|SUMMARY" "$log" | tr '\n' ' ')"
}

counters() {  # of the kernels that the time of a row depends on
  timeout 120 python3 bench/cuda_profile.py --counters "$out/counters.csv" copysign "expand float" \
    "transposed copy" "index_add float" "index_put accumulate float32" layer_norm \
    "batch_norm train float32" "2^40: values" >"$out/ncu.log" 2>&1 || tail -2 "$out/ncu.log"
  python3 bench/cuda_profile.py --table "$out/counters.csv" >"$out/counters.md"
}

check() {
  out=$(realpath "$1")
  export PYTHONPATH="$PWD/site:$PWD/tests/cuda:$PWD/tests/kernels" PYTHONUNBUFFERED=1
  native_tests
  timeout 200 python3 -m pytest -q -p no:xdist tests/cuda/test_on_gpu.py \
    tests/cuda/test_shapes_on_gpu.py >"$out/on_gpu.log" 2>&1 || true
  tail -1 "$out/on_gpu.log"
  case_lists
  for tool in memcheck racecheck initcheck; do sanitize "$tool" & done
  wait
  sanitize memcheck --fault # the tool has to find this one
  timeout 240 python3 bench/cuda_operators.py --json "$out/bench.json" | tee "$out/bench.md"
  counters
}

"$@"
