#!/usr/bin/env bash
# Runs the tests with the thread and with the address sanitizer, side by side. The programs that tests start are the
# instrumented ones too. Arguments go to the test runner, for example `--filter Crash`.
#
# The Swift code alone is instrumented: nothing in C is ours but the shims, and so the C code of swift-crypto is built once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=.build/sanitizers
export SWIFT_BACKTRACE=enable=no
export ATTNCONV_SANITIZING=1
# A program would wait a second at its end for threads that still run, and the tests start thousands.
export TSAN_OPTIONS="atexit_sleep_ms=0 suppressions='$PWD/Tools/thread-sanitizer.suppressions'"
# A program that ends in the middle of a function (`exit`) still holds what the function held.
export ASAN_OPTIONS="detect_leaks=0 suppressions='$PWD/Tools/address-sanitizer.suppressions'"
processes=()
for sanitizer in thread address; do
  # `SANITIZED` is decided when the program is built: it raises the limits that shadow memory breaks, and locks in a way that
  # the thread sanitizer sees.
  flags=(--scratch-path "$folder/build" -Xswiftc -sanitize=$sanitizer -Xswiftc -DSANITIZED)
  swift build --build-tests "${flags[@]}"
  products=$(swift build --show-bin-path "${flags[@]}")
  # The next build replaces the products; tests find the program beside their own.
  rm -rf "${folder:?}/$sanitizer" && mkdir -p "$folder/$sanitizer"
  cp "$products/attnconv" "$products/attnconvPackageTests.xctest" "$folder/$sanitizer"
  # Hundreds of hostile files matter to memory; each is read by one thread, and other tests read files beside each other.
  left=()
  [ "$sanitizer" = address ] || left=(--skip 'HostileCorpusTests/.*hostile file')
  "$folder/$sanitizer/attnconvPackageTests.xctest" --testing-library swift-testing "${left[@]}" "$@" >"$folder/$sanitizer.log" 2>&1 &
  processes+=($!)
done

status=0
for sanitizer in thread address; do
  if wait "${processes[0]}"; then
    echo "$sanitizer sanitizer: $(grep "Test run with" "$folder/$sanitizer.log")"
  else
    status=1
    echo "$sanitizer sanitizer: failed; more in $folder/$sanitizer.log"
    grep -E -A 25 "WARNING: ThreadSanitizer|ERROR: AddressSanitizer|recorded an issue" "$folder/$sanitizer.log" | cut -c1-300 | head -150 || true
  fi
  processes=("${processes[@]:1}")
done
exit "$status"
