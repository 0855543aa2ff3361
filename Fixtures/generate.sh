#!/usr/bin/env bash
# Writes every fixture again. Needs `Tools/python-environment.sh --with-torch-1.13` to have run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# TorchScript writes constants in the order of a hash set.
export PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0
# `not-checkpoints` cuts pieces off the files of the others, so it comes last.
for group in pytorch-zip pytorch-legacy pytorch-objects safetensors networks not-checkpoints references; do
  .venv/bin/python -W ignore "Fixtures/$group/generate.py"
done
