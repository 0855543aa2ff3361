"""Texts near their limits: what is made of them must not take longer than they are long."""
import json

from case import Case

CLASS = "json"


def pins(least_bytes: int) -> bytes:
    """A pin file of many pins, all of them well-formed."""
    architecture = {
        "family": "module", "channels": 64, "epsilon": 1e-05,
        "attention": {"kind": "se", "hidden": [4], "bias": False},
    }
    text, number = '{"schemaVersion":1,"pins":[', 0
    while len(text) < least_bytes:
        pin = {
            "checkpoint": str(number), "content": "0" * 64, "reference": "r", "referenceSha256": "0" * 64,
            "tolerance": 0.001, "architecture": architecture,
        }
        text += ("," if number else "") + json.dumps(pin, separators=(",", ":"))
        number += 1
    return (text + "]}").encode()


CASES = [
    Case("pins-of-4-mebibytes", "Pins by the thousand, so that the line of each must not be counted from the start of the file.",
         {"attnconv.json": pins((1 << 22) - 1000)}, ["found no pin of absent.safetensors"],
         arguments=("pin", "absent.safetensors", "--remove", "--pins", "FILE"), large=True),
]
