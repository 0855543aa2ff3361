#!/usr/bin/env bash
# The Python environment of the fixture generators, the interoperability tests and the benchmarks: `.venv/` at the
# repository root. The Swift package itself needs no Python.
#
#   Tools/python-environment.sh                    .venv with the pinned packages below
#   Tools/python-environment.sh --with-onnxruntime also what Benchmarks/execution.py measures against
#   Tools/python-environment.sh --with-torch-1.13  also Debian's python3-torch for /usr/bin/python3 (old-format writer)
#
# Safe to run again: a finished environment is recognised by the stamp file and left alone.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
environment="$root/.venv"
packages=(
  torch==2.15.*
  torchvision==0.29.*
  safetensors==0.8.*
  numpy==2.*
  timm==1.0.31
  pytorchcv==0.0.74
  pytest==9.*
  "pytest-xdist>=3.7,<4"
  jsonschema==4.*
  html5lib==1.1
)
onnxruntime=(
  onnxruntime==1.31.*
  onnx==1.23.*
  onnxscript==0.7.*
)

with_old_torch=no
with_onnxruntime=no
for argument in "$@"; do
  case "$argument" in
    --with-onnxruntime) with_onnxruntime=yes ;;
    --with-torch-1.13) with_old_torch=yes ;;
    *) echo "error: unknown argument $argument" >&2; exit 64 ;;
  esac
done

# Installs the Debian packages named that are missing, and refreshes the package lists only when that is needed.
install_debian_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  if [ "${#missing[@]}" -gt 0 ]; then
    apt-get install --yes --no-install-recommends "${missing[@]}" ||
      { apt-get update && apt-get install --yes --no-install-recommends "${missing[@]}"; }
  fi
}

# install STAMP PACKAGE...: installs the packages unless the stamp file says that this was done.
install() {
  local stamp="$environment/$1" wanted
  shift
  wanted="$(printf '%s\n' "$@")"
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then return; fi
  if ! python3 -c 'import ensurepip' 2>/dev/null; then
    install_debian_packages python3-venv
  fi
  python3 -m venv "$environment"
  "$environment/bin/pip" install --disable-pip-version-check --quiet "$@"
  printf '%s\n' "$wanted" > "$stamp"
}

install .installed "${packages[@]}"
# Tests look at the system calls of the program with it.
install_debian_packages strace
if [ "$with_onnxruntime" = yes ]; then
  install .installed-onnxruntime "${onnxruntime[@]}"
fi

if [ "$with_old_torch" = yes ]; then
  install_debian_packages python3-torch
fi
