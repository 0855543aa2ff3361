#!/usr/bin/env bash
# Writes every fixture again. Needs `Tools/python-environment.sh --with-torch-1.13` and `Tools/keras-environment.sh` to have run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# TorchScript writes constants in the order of a hash set.
export PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0
# `not-checkpoints` cuts pieces off the files of the others, so it comes last.
rm -f Fixtures/keras/expected.json
.venv-keras2/bin/python -W ignore Fixtures/keras/generate_keras2.py
.venv-keras3/bin/python -W ignore Fixtures/keras/generate_keras3.py
for version in 2 3; do .venv-keras$version/bin/python -W ignore Fixtures/keras/generate_automatic.py; .venv-keras$version/bin/python -W ignore Fixtures/keras/generate_modules.py; done
.venv-keras3/bin/python -W ignore Fixtures/hostile/generate.py
for version in 2 3; do .venv-keras$version/bin/python -W ignore Fixtures/keras/generate_configs.py; done
for version in 2 3; do .venv-keras$version/bin/python -W ignore Fixtures/keras/generate_structures.py; done
for group in pytorch-zip pytorch-legacy pytorch-objects safetensors networks not-checkpoints references self-test; do
  .venv/bin/python -W ignore "Fixtures/$group/generate.py"
done
