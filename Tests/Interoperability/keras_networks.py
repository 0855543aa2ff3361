"""Writes networks of tf2cv with random weights, for `test_keras.py`. Runs in `.venv-keras2`: FOLDER NAME...

For each network: NAME.h5 as Keras saves it, NAME.npz with the same arrays by the names of Keras, and
NAME.reference.safetensors with an input, what the network computes with it, and all taps.
"""
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np

sys.path.append(str(pathlib.Path(__file__).parents[2] / "Tools"))
from record_reference_keras import record


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


def image(side: int, count: int) -> np.ndarray:
    """Images as Keras takes them, [N, H, W, C]."""
    stream = np.random.Generator(np.random.PCG64(7))
    return np.ascontiguousarray((stream.random((count, 3, side, side)) * 4 - 2).astype(np.float32).transpose(0, 2, 3, 1))


if __name__ == "__main__":
    from tf2cv.model_provider import get_model

    folder = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:]:
        network = get_model(name, pretrained=False, data_format="channels_last")
        network(np.zeros((1, 224, 224, 3), np.float32))
        fill(network)
        network.save_weights(folder / f"{name}.h5")
        np.savez(folder / f"{name}.npz", **{weight.name: weight.numpy() for weight in network.weights})
        record(network, image(224, 1), str(folder / f"{name}.reference.safetensors"), weights=str(folder / f"{name}.h5"), taps="all")
