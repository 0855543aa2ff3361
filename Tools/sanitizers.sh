#!/usr/bin/env bash
# Runs the tests with the thread and with the address sanitizer, side by side. The programs that tests start are the
# instrumented ones too. Arguments go to the test runner, for example `--filter Crash`.
#
# The Swift code alone is instrumented: nothing in C is ours but the shims, and so the C code of swift-crypto is built once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=.build/sanitizers
export SWIFT_BACKTRACE=enable=no
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
  "$folder/$sanitizer/attnconvPackageTests.xctest" --testing-library swift-testing "$@" >"$folder/$sanitizer.log" 2>&1 &
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
