"""Records what a Keras model computes, so that `attnconv verify` can compare converted weights with it.

Copy this file beside the code that builds the model; it needs Keras (2.4 or later, 3.x, or tf_keras), numpy and nothing else:

    from record_reference_keras import record

    model = keras.applications.ResNet50(weights="resnet50.weights.h5")
    record(model, images, "resnet50.reference.safetensors", weights="resnet50.weights.h5")

    attnconv import resnet50.weights.h5
    attnconv verify resnet50.safetensors --reference resnet50.reference.safetensors

Weights must be the trained ones: fresh weights hide faults, because norms start as the identity and some gates at 0.

Images are given as the model takes them, usually [N, H, W, C]; the file holds maps as [N, C, H, W]. Taps are outputs of layers
inside the model. With them `verify` names the layer that differs; the input and the output alone tell only that something does.
They take most of the file: for one image of 224x224 through a ResNet-50 some 30 MB, with taps="all" over 100 MB.

A canonical checkpoint ends in logits. Where the model ends in a softmax or sigmoid, what goes into it is recorded as the output:
the softmax forgets a constant added to all logits, and hides differences where it saturates. The model itself stays as it is.
"""
import hashlib
import json
import os
import struct
import sys

import numpy as np

# Functions at the end of a classifier that turn logits into probabilities, by their names in Keras.
_PROBABILITIES = {
    "softmax": lambda x: np.exp(x - x.max(-1, keepdims=True)) / np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}
# Layers that bring branches of a network together.
_MERGES = ("Add", "Multiply", "Concatenate", "Average", "Maximum", "Subtract")


def record(model, input, path, weights=None, taps="blocks", overwrite=False):
    """Runs `model` on `input` in inference mode and float32, and writes input, output and taps to `path`.

    model    a Keras model, functional, Sequential or subclassed, that computes in float32
    input    a float32 array [N, H, W, C], or [N, C, H, W] where the model's layers have data_format="channels_first"
    path     the safetensors file to write
    weights  the file that the weights were saved to; its SHA-256 is recorded
    taps     which outputs of layers to record:
             "blocks": layers around others, as far as the parts that blocks are made of, and the last layers with weights before
             outputs come together in a shortcut or a gate;
             "all": every layer that runs once and gives one float tensor, paddings aside;
             a list of names, which `verify` translates: a layer inside others has all of their names, "inner/conv1";
             a dict {name: canonical name} where it cannot; None: no taps
    """
    if os.path.exists(path) and not overwrite:
        raise FileExistsError("%s exists already; pass overwrite=True to replace it" % path)
    if not (taps is None or isinstance(taps, (dict, list, tuple)) or taps in ("blocks", "all")):
        raise ValueError('found taps %r, expected "blocks", "all", a list of names, a dict or None' % (taps,))
    if isinstance(taps, (dict, list, tuple)):
        _check_names(taps)
    image = _array(input)
    if image.dtype != np.float32 or image.ndim != 4:
        raise TypeError("found an input %s %s, expected a float32 array of four sides" % (image.dtype, list(image.shape)))
    run = _Run(model)
    output = run.of(image)
    channels_last = run.is_channels_last()
    arranged = _channels_first if channels_last else lambda array: array
    tensors = {"input": arranged(image), "output": arranged(run.logits(output))}
    chosen, left_out = run.chosen(taps, output)
    for name, array in chosen:
        tensors["taps." + (taps[name] if isinstance(taps, dict) else name)] = arranged(array)
    for name, array in tensors.items():
        if not np.isfinite(array).all():
            raise ValueError("%s holds NaN or infinity; a reference must be finite" % name)
    metadata = _metadata(model, run.layer_class, weights)
    if chosen:
        metadata["tapNames"] = "canonical" if isinstance(taps, dict) else "source"
    _save(tensors, metadata, path)
    _say("wrote %s: %.1f MB, %d taps%s" % (path, os.path.getsize(path) / 1e6, len(chosen), left_out))


class _Call:
    """One run of a layer: where it stands, what went in and what came out."""

    def __init__(self, layer, path, parent):
        self.layer, self.path, self.parent = layer, path, parent
        self.inputs, self.output, self.is_outer = [], None, False


class _Run:
    """One run of a model, in which every layer is watched.

    Layers call each other by `Layer.__call__`, whatever the kind of model, so that one method watches them all. It is put back
    in its place at the end.
    """

    def __init__(self, model):
        self.model = model
        self.layer_class = _layer_class(model)
        self.calls = []

    def of(self, image):
        stack = []
        original = self.layer_class.__call__

        def call(layer, *arguments, **options):
            if any(entry.layer is layer for entry in stack[-1:]):  # A class that calls its own base class.
                return original(layer, *arguments, **options)
            parent = stack[-1] if stack else None
            path = layer.name if parent is None or parent.parent is None and parent.layer is self.model else parent.path + "/" + layer.name
            entry = _Call(layer, path, parent)
            entry.inputs = _tensors(arguments)
            if parent is not None:
                parent.is_outer = True
            stack.append(entry)
            try:
                entry.output = original(layer, *arguments, **options)
            finally:
                stack.pop()
            self.calls.append(entry)
            return entry.output

        self.layer_class.__call__ = call
        try:
            output = self.model(image, training=False)
        finally:
            self.layer_class.__call__ = original
        for entry in self.calls:
            kind = str(getattr(entry.layer, "compute_dtype", "float32"))
            if kind != "float32":
                raise TypeError("layer %r computes in %s, expected float32: use keras.config or a float32 policy" % (entry.path, kind))
        self.calls = [entry for entry in self.calls if entry.layer is not self.model]
        if not _is_tensor(output):
            raise TypeError("the model gives %s, expected one tensor" % type(output).__name__)
        return output

    def is_channels_last(self):
        formats = {getattr(entry.layer, "data_format", None) for entry in self.calls} - {None}
        return "channels_first" not in formats

    def logits(self, output):
        """The output, or what goes into the softmax or sigmoid that gives it."""
        values = _array(output)
        ends = [entry for entry in self.calls if not entry.is_outer and _is_tensor(entry.output) and _is_same(entry.output, output, values)]
        for entry in ends[::-1]:
            kind = type(entry.layer).__name__
            name = "softmax" if kind == "Softmax" else _activation(entry.layer)
            if name not in _PROBABILITIES or len(entry.inputs) != 1:
                continue
            before = _array(entry.inputs[0])
            if kind == "Dense":
                weights = [_array(weight).astype(np.float64) for weight in entry.layer.weights]
                before = before.astype(np.float64) @ weights[0] + (weights[1] if len(weights) > 1 else 0)
            elif kind not in ("Softmax", "Activation"):
                continue
            if before.shape != values.shape or not np.allclose(_PROBABILITIES[name](before.astype(np.float64)), values, rtol=1e-4, atol=1e-6):
                continue
            _say("the model ends in a %s; recorded is what layer %r gives before it" % (name, entry.path))
            return before.astype(np.float32)
        if values.ndim == 2 and values.shape[1] > 1 and (values >= 0).all() and np.allclose(values.sum(-1), 1, atol=1e-4):
            _say("the output looks like probabilities, and no layer was found that made them of logits: verify expects logits")
        return values

    def chosen(self, taps, output):
        """The taps as (name, array), and a text on what was left out."""
        if taps is None:
            return [], ""
        runs = {}
        for entry in self.calls:
            runs.setdefault(entry.path, []).append(entry)
        if not isinstance(taps, str):
            return [(name, self._asked(name, runs, isinstance(taps, dict))) for name in taps], ""
        taken, repeated, fused, shapeless = [], [], [], []
        for path, entries in runs.items():
            entry = entries[0]
            # A wrapper around a layer of the same name gives the same.
            if len({id(other.layer) for other in entries}) == 1 and len(entries) > 1:
                repeated.append(path)
            elif _fuses(entry):
                fused.append(path)
            elif type(entry.layer).__name__.startswith("ZeroPadding"):
                continue  # Part of the convolution or pool behind it.
            elif not _is_float(entry.output):
                shapeless.append(path)
            elif len(entries) == 1:
                taken.append(entry)
        taken = self._without_repetitions([entry for entry in taken if not _is_same(entry.output, output)])
        if taps == "blocks":
            blocks = self._blocks()
            taken = [entry for entry in taken if id(entry.output) in blocks]
        reasons = [("running more than once", repeated), ("an activation inside", fused), ("not giving one float tensor", shapeless)]
        text = "".join("; left out for %s: %s" % (reason, _listed(names)) for reason, names in reasons if names)
        return [(entry.path, _array(entry.output)) for entry in taken], text if taps == "all" else ""

    @staticmethod
    def _asked(name, runs, is_canonical):
        if name not in runs:
            raise ValueError("the model runs no layer %r; it runs %s" % (name, _listed(sorted(runs))))
        if len(runs[name]) > 1:
            raise ValueError("the layer %r runs %d times; record one that runs once" % (name, len(runs[name])))
        entry = runs[name][0]
        if not _is_float(entry.output):
            raise TypeError("%r gives %s, expected one float tensor" % (name, type(entry.output).__name__))
        if _fuses(entry) and not is_canonical:
            raise ValueError("the layer %r gives what its activation %s makes of it; name the node in a dict" % (name, _activation(entry.layer)))
        return _array(entry.output)

    @staticmethod
    def _without_repetitions(entries):
        """Of layers that pass on what one inside them gave, the one that is better known: a layer with weights of its own, or
        else the outermost. A plain sequence adds nothing to its last layer."""
        kept = []
        for entry in entries:
            same = [other for other in kept if other.output is entry.output]
            if any(_has_own_weights(other.layer) or not other.path.startswith(entry.path + "/") for other in same):
                continue
            if same and "Sequential" in type(entry.layer).__name__:
                continue
            kept = [other for other in kept if other.output is not entry.output] + [entry]
        return kept

    def _blocks(self):
        """The outputs of blocks and their parts, and of the last layers with weights before layers that merge branches."""
        made = {id(entry.output): entry for entry in self.calls}
        chosen = {id(entry.output) for entry in self.calls if entry.is_outer and entry.layer.weights and self._depth(entry) <= 1}
        for merge in self.calls:
            if type(merge.layer).__name__ not in _MERGES:
                continue
            for tensor in merge.inputs:
                entry = made.get(id(tensor))
                while entry is not None and not entry.layer.weights and len(entry.inputs) == 1:
                    entry = made.get(id(entry.inputs[0]))
                if entry is not None and entry.layer.weights:
                    chosen.add(id(entry.output))
        return chosen

    def _depth(self, entry):
        """How many layers around this one hold more than a plain sequence does: a part of a block is inside one."""
        depth, parent = 0, entry.parent
        while parent is not None and parent.layer is not self.model:
            depth += "Sequential" not in type(parent.layer).__name__
            parent = parent.parent
        return depth


def _layer_class(model):
    for kind in type(model).__mro__:
        root = kind.__module__.split(".")[0]
        if kind.__name__ == "Layer" and root in ("keras", "tf_keras", "tensorflow"):
            return kind
    raise TypeError("found a model of type %s, expected one of Keras" % type(model).__name__)


def _check_names(taps):
    if len(set(taps)) < len(taps):
        raise ValueError("a layer is named twice")
    if isinstance(taps, dict) and len(set(taps.values())) < len(taps):
        raise ValueError("two layers have the same canonical name")


def _tensors(arguments):
    """The tensors among the arguments of a layer, those in lists too."""
    found = []
    for value in arguments:
        if isinstance(value, (list, tuple)):
            found += _tensors(value)
        elif _is_tensor(value):
            found.append(value)
    return found


def _is_tensor(value):
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _is_float(value):
    return _is_tensor(value) and "float" in str(value.dtype)


def _is_same(tensor, output, values=None):
    """Whether a layer's output is that of the model; Keras may have passed it through an identity."""
    if tensor is output:
        return True
    return values is not None and tuple(tensor.shape) == values.shape and np.array_equal(_array(tensor), values)


def _has_own_weights(layer):
    inner = {id(weight) for other in layer._flatten_layers(include_self=False) for weight in other.weights}
    return any(id(weight) not in inner for weight in layer.weights)


def _activation(layer):
    return getattr(getattr(layer, "activation", None), "__name__", None)


def _fuses(entry):
    """Whether a layer with weights applies an activation, so that its output is not that of the node with these weights."""
    return _has_own_weights(entry.layer) and _activation(entry.layer) not in (None, "linear")


def _array(tensor):
    if hasattr(tensor, "detach"):  # Keras on PyTorch
        tensor = tensor.detach().cpu()
    return np.asarray(tensor)


def _channels_first(array):
    """A map as [N, C, H, W]; anything else as it is."""
    return np.ascontiguousarray(array.transpose(0, 3, 1, 2)) if array.ndim == 4 else array


def _listed(names):
    return ", ".join(names[:4]) + (" and %d more" % (len(names) - 4) if len(names) > 4 else "")


def _say(text):
    print(text, file=sys.stderr)


def _metadata(model, layer_class, weights):
    root = layer_class.__module__.split(".")[0]
    versions = ["%s %s" % (name, sys.modules[name].__version__) for name in dict.fromkeys([root, "tensorflow", "jax", "torch"])
                if hasattr(sys.modules.get(name), "__version__")]
    metadata = {
        "producer": "record_reference_keras.py",
        "framework": ", ".join(versions),
        "model": "%s.%s %s" % (type(model).__module__, type(model).__name__, model.name),
    }
    if weights is not None:
        digest = hashlib.sha256()
        with open(weights, "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
        metadata["sourceSha256"] = digest.hexdigest()
    return metadata


def _save(tensors, metadata, path):
    """Writes a safetensors file (https://github.com/huggingface/safetensors#format)."""
    arrays = [(name, np.ascontiguousarray(array, "<f4")) for name, array in sorted(tensors.items())]
    header, offset = {"__metadata__": {"attnconv.reference": json.dumps(metadata, sort_keys=True)}}, 0
    for name, array in arrays:
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    temporary = "%s.%d.tmp" % (path, os.getpid())
    try:
        with open(temporary, "wb") as file:
            file.write(struct.pack("<Q", len(text)))
            file.write(text)
            for _, array in arrays:
                file.write(array.tobytes())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)
