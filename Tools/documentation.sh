#!/usr/bin/env bash
# Builds the documentation of the library products into .build/documentation/ from what `make release` has built.
# Every link must resolve: a warning ends it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

modules=.build/release/Modules
output=.build/documentation
triple="$(swift -print-target-info | sed -n 's/.*"unversionedTriple": "\(.*\)".*/\1/p')"
maps=()
while IFS= read -r map; do
  maps+=(-Xcc "-fmodule-map-file=$map")
done < <(find .build/checkouts Sources -name module.modulemap)

rm -rf "$output"
dependencies=()
# Each may link to those before it.
for module in Checkpoint Architectures Execution; do
  mkdir -p "$output/symbols/$module"
  swift-symbolgraph-extract -module-name "$module" -I "$modules" "${maps[@]}" -target "$triple" \
    -minimum-access-level public -emit-extension-block-symbols -output-dir "$output/symbols/$module"
  docc convert "Sources/$module/$module.docc" --additional-symbol-graph-dir "$output/symbols/$module" \
    --fallback-display-name "$module" --fallback-bundle-identifier "attnconv.$module" \
    --output-path "$output/$module.doccarchive" --warnings-as-errors \
    --enable-experimental-external-link-support ${dependencies[@]+"${dependencies[@]}"} | grep . || [ "${PIPESTATUS[0]}" = 0 ]
  dependencies+=(--dependency "$output/$module.doccarchive")
done
rm -r "$output/symbols"
echo "wrote $output"
