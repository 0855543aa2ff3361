"""Writes networks of tf2cv with random weights, for `test_keras.py`. Runs in `.venv-keras2`: FOLDER NAME...

For each network: NAME.h5 as Keras saves it, NAME.npz with the same arrays by the names of Keras, and
NAME.reference.safetensors with an input (N,C,H,W) and what the network computes with it.
"""
import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np


def fill(model) -> None:
    """Values that keep activations of order one, so that single precision has little to round."""
    arrays = []
    for number, weight in enumerate(model.weights):
        stream = np.random.Generator(np.random.PCG64(number))
        name = getattr(weight, "path", weight.name)
        if "variance" in name or "gamma" in name:
            low, high = 0.5, 1.5
        elif len(weight.shape) == 1:
            low, high = -0.2, 0.2
        else:
            inputs = weight.shape[:2] if "depthwise" in name else weight.shape[:-1]
            high = float(np.sqrt(3 / np.prod(inputs)))
            low = -high
        arrays.append((low + (high - low) * stream.random(weight.shape)).astype(np.float32))
    model.set_weights(arrays)


def save_reference(path: pathlib.Path, tensors: dict) -> None:
    header, data = {}, b""
    for name, value in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(data), len(data) + value.nbytes]}
        data += value.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


if __name__ == "__main__":
    from tf2cv.model_provider import get_model

    folder = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:]:
        network = get_model(name, pretrained=False, data_format="channels_last")
        network(np.zeros((1, 224, 224, 3), np.float32))
        fill(network)
        network.save_weights(folder / f"{name}.h5")
        np.savez(folder / f"{name}.npz", **{weight.name: weight.numpy() for weight in network.weights})
        image = (np.random.Generator(np.random.PCG64(7)).random((1, 3, 224, 224)) * 4 - 2).astype(np.float32)
        output = np.asarray(network(np.ascontiguousarray(image.transpose(0, 2, 3, 1)), training=False), np.float32)
        save_reference(folder / f"{name}.reference.safetensors", {"input": image, "output": output})
