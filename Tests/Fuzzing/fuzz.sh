#!/usr/bin/env bash
# Hands mutated files to the readers and reports inputs that break a rule, crash, hang or take too much memory.
#
#   Tests/Fuzzing/fuzz.sh                    builds, and runs every target for FUZZ_SECONDS (60), one on each processor
#   Tests/Fuzzing/fuzz.sh pickle zip         these targets
#   FUZZ_SEED=1 Tests/Fuzzing/fuzz.sh        the same mutations each time, as in continuous integration, where a change decides and not the dice
#   FUZZ_SECONDS=3600 Tests/Fuzzing/fuzz.sh  as long as one likes; inputs that were worth keeping stay in .build/fuzzing/corpus
#
# Exit code 1 where there is a finding.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

swift="${SWIFT:-swift}"
work=.build/fuzzing
# HDF5 first: its processes that start again take a little longer than they are told to.
targets=("$@")
[ $# -gt 0 ] || targets=(hdf5 pickle zip legacy safetensors dialect pins hdf5-index keras-model network)

build() {
  # `-sanitize=fuzzer` would bring libFuzzer's own `main`, which the package manager's options for executables contradict: the
  # same instrumentation is asked for in parts, and the library that has no `main` is named.
  local runtime library
  runtime=$("$swift" -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')
  library=$(find -L "$runtime/clang/lib" -name 'libclang_rt.fuzzer_no_main*.a' | head -1)
  [ -n "$library" ] || { echo "error: the Swift toolchain has no libFuzzer (libclang_rt.fuzzer_no_main)" >&2; exit 1; }
  ATTNCONV_FUZZING=1 "$swift" build -c release --product Fuzzing --scratch-path "$work/build" \
    -Xswiftc -sanitize=address -Xswiftc -enable-testing \
    -Xswiftc -sanitize-coverage=edge,indirect-calls,trace-cmp,inline-8bit-counters,pc-table \
    -Xlinker "$library" -Xlinker -lstdc++
}

fuzzer="$work/build/release/Fuzzing"
# The program whose worker has to survive faults of the HDF5 library.
program=.build/release/attnconv

run() {
  local target=$1 findings="$work/findings/$1"
  # Inputs are small, so an input that takes 20 s (on a busy machine), or a piece of memory of 256 MB, is a finding. Stacks of
  # allocations and a long quarantine would cost most of the time; a finding is looked at again without these options.
  local asan=malloc_context_size=0:quarantine_size_mb=8:detect_leaks=0:allocator_may_return_null=1
  local options=(-timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=256 -max_len=16384 "-max_total_time=${FUZZ_SECONDS:-60}"
    -print_final_stats=1 "-artifact_prefix=$findings/" "-dict=Tests/Fuzzing/Dictionaries/$target.dict")
  [ -z "${FUZZ_SEED:-}" ] || options+=("-seed=$FUZZ_SEED")
  mkdir -p "$work/corpus/$target" "$work/seeds/$target" "$findings"
  if [ "$target" = hdf5 ]; then
    # What the HDF5 library does to its own memory is the worker's to contain: go on after it, and judge below.
    options+=(-fork=1 -timeout=5 -ignore_crashes=1 -ignore_timeouts=1 -ignore_ooms=1)
    asan+=:replace_intrin=0:replace_str=0
  fi
  SWIFT_BACKTRACE=enable=no HDF5_PLUGIN_PRELOAD=:: ASAN_OPTIONS=$asan FUZZ_TARGET="$target" \
    "$fuzzer" "${options[@]}" "$work/corpus/$target" "$work/seeds/$target" >"$work/logs/$target.log" 2>&1 || true
  [ "$target" != hdf5 ] || judge "$findings"
}

# Of the inputs that ended the HDF5 target, those are no findings in which the library was at fault and which the program itself
# refuses with an error.
judge() {
  local input frame status
  mkdir -p "$work/contained"
  for input in "$1"/*; do
    [ -f "$input" ] || continue
    # The first frame that lies in the library or in our code.
    frame=$(SWIFT_BACKTRACE=enable=no HDF5_PLUGIN_PRELOAD=:: FUZZ_TARGET=hdf5 ASAN_OPTIONS=replace_intrin=0:replace_str=0 \
      "$fuzzer" -timeout=5 -rss_limit_mb=2048 "$input" 2>&1 | grep -E '^ +#[0-9]+ .*(libhdf5|/Sources/)' | head -1) || true
    status=0
    timeout 30 "$program" inspect "$input" >/dev/null 2>&1 || status=$?
    if [ "$status" -le 2 ] && [[ "$frame" != */Sources/* ]]; then mv "$input" "$work/contained/"; fi
  done
}

report() {
  local target log inputs rate edges found failed=0
  printf '%-12s %12s %10s %8s %9s\n' target inputs per-second edges findings
  for target in "${targets[@]}"; do
    log="$work/logs/$target.log"
    inputs=$(sed -nE 's/^stat::number_of_executed_units: *([0-9]+).*/\1/p; s/^#([0-9]+):? .*/\1/p' "$log" | tail -1)
    rate=$(sed -nE 's/^stat::average_exec_per_sec: *([0-9]+).*/\1/p; s/.*exec\/s:? ([0-9]+).*/\1/p' "$log" | tail -1)
    edges=$(sed -nE 's/.* cov: ([0-9]+) .*/\1/p' "$log" | tail -1)
    found=$(find "$work/findings/$target" -type f | wc -l)
    # A run that ended otherwise, for example because it did not start, is a finding too.
    [ "${inputs:-0}" -gt 0 ] || found=$((found + 1))
    printf '%-12s %12s %10s %8s %9s\n' "$target" "${inputs:-0}" "${rate:--}" "${edges:--}" "$found"
    if [ "$found" -gt 0 ]; then
      failed=1
      echo "  log: $log"
      find "$work/findings/$target" -type f | sort | while read -r input; do
        echo "  again: SWIFT_BACKTRACE=enable=no FUZZ_TARGET=$target $fuzzer $input"
      done
    fi
  done
  return $failed
}

build
mkdir -p "$work/logs"
python3 Tests/Fuzzing/seeds.py "$work/seeds"
export -f run judge
export work fuzzer program
printf '%s\n' "${targets[@]}" | xargs -P "$(getconf _NPROCESSORS_ONLN)" -I{} bash -c 'run {}'
report
