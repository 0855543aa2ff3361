"""Writes one filled parameter table with whatever torch runs this script: `python3 write_state_dict.py TABLE.json OUT`.

A process of its own because the point is another torch version than the generator's.
"""
import collections
import json
import sys

import torch

import weights

with open(sys.argv[1]) as file:
    table = json.load(file)
torch.save(collections.OrderedDict((name, torch.from_numpy(value)) for name, value in weights.fill(table).items()), sys.argv[2])
print(torch.__version__)
