#!/usr/bin/env bash
# The Python environments of the Keras fixtures and interoperability tests: `.venv-keras2/` with Keras 2.15, tf2cv and image-classifiers,
# `.venv-keras3/` with Keras 3, both at the repository root. The Swift package itself needs no Python.
#
#   Tools/keras-environment.sh          both
#   Tools/keras-environment.sh 2        one of them
#
# Safe to run again: a finished environment is recognised by the stamp file and left alone.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

# Keras 2.15 is the last of its line, and TensorFlow 2.15 the last that brings it; it needs Python 3.9 to 3.11.
packages2=("tensorflow-cpu==2.15.*" tf2cv==0.0.18 image-classifiers==1.0.0 "numpy==1.*" "h5py==3.*")
packages3=("keras==3.15.*" "tensorflow-cpu==2.21.*" "h5py==3.*")

make_environment() {
  local environment="$root/.venv-keras$1" wanted
  shift
  wanted="$(printf '%s\n' "$@")"
  if [ ! -f "$environment/.installed" ] || [ "$(cat "$environment/.installed")" != "$wanted" ]; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --disable-pip-version-check --quiet "$@"
    printf '%s\n' "$wanted" > "$environment/.installed"
  fi
}

versions=("$@")
[ "$#" -gt 0 ] || versions=(2 3)
for version in "${versions[@]}"; do
  case "$version" in
    2) make_environment 2 "${packages2[@]}" ;;
    3) make_environment 3 "${packages3[@]}" ;;
    *) echo "error: unknown argument $version" >&2; exit 64 ;;
  esac
done
