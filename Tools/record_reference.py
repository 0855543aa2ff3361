"""Records what a PyTorch model computes, so that `attnconv verify` can compare a converted checkpoint with it.

Copy this file beside the authors' code; it needs torch (1.13 or later) and safetensors and nothing else:

    from record_reference import record

    model = ResidualNet("ImageNet", 50, 1000, "BAM")
    model.load_state_dict(...)
    record(model, torch.randn(1, 3, 224, 224), "resnet50_bam.reference.safetensors", checkpoint="resnet50_bam.pth")

    attnconv verify resnet50_bam.safetensors --reference resnet50_bam.reference.safetensors

Weights must be the trained ones: fresh weights hide faults, because norms start as the identity and some gates at 0.

Taps are outputs of submodules. With them `verify` names the layer that differs; the input and the output alone tell only
that something does. They take most of the file: for one image of 224x224 through a ResNet-50 29 MB, with CBAM 51 MB, with
taps="all" 116 and 173 MB, without taps 0.6 MB. The same amount of memory is needed while recording.
"""
import hashlib
import json
import os
import sys
import weakref

import torch
from safetensors.torch import save_file


def record(model, input, path, checkpoint=None, taps="blocks", overwrite=False):
    """Runs `model` on `input` in evaluation mode and float32, and writes input, output and taps to `path`.

    model       a torch.nn.Module on the CPU whose weights are float32; its mode is restored afterwards
    input       a float32 tensor [N, C, H, W], normalised as in training
    path        the safetensors file to write
    checkpoint  the file that the weights came from; its SHA-256 is recorded
    taps        which outputs of submodules to record:
                "blocks": stages, blocks and what blocks are made of, such as shortcuts and attention modules;
                "all": every submodule that runs once and gives one float tensor;
                a list of names as in model.named_modules(), which `verify` translates;
                a dict {name: canonical name} where it cannot; None: no taps
    """
    if os.path.exists(path) and not overwrite:
        raise FileExistsError("%s exists already; pass overwrite=True to replace it" % path)
    model = _unwrapped(model)
    _check(model, input)
    names = _module_names(model)
    taps = _checked(taps, names)
    recorder = _Recorder(names, automatic=isinstance(taps, str))
    modes = [(module, module.training) for module in model.modules()]
    try:
        for name in names if taps == "all" else _blocks(names) if taps == "blocks" else taps:
            recorder.watch(name)
        model.eval()
        # Outside of inference mode, whose tensors do not count their changes.
        with torch.inference_mode(False), torch.no_grad():
            # The model may change its input in place.
            output = model(input.clone())
    finally:
        recorder.close()
        for module, training in modes:
            module.training = training
    tensors = {"input": input, "output": _tensor(output, "the model")}
    for name, tensor in recorder.recorded(output).items():
        tensors["taps." + (taps[name] if isinstance(taps, dict) else name)] = tensor
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ValueError("%s holds NaN or infinity; a reference must be finite" % name)
    metadata = _metadata(model, checkpoint)
    if len(tensors) > 2:
        metadata["tapNames"] = "canonical" if isinstance(taps, dict) else "source"
    _save(tensors, metadata, path)
    _say("wrote %s: %.1f MB, %d taps%s" % (path, os.path.getsize(path) / 1e6, len(tensors) - 2, recorder.omissions()))


class _Recorder:
    """Copies the outputs of modules while a model runs."""

    def __init__(self, names, automatic):
        self._modules = names
        # An automatic choice leaves out what cannot be recorded; of what was asked for by name nothing may be missing.
        self._automatic = automatic
        self._hooks = []
        self._watched = []
        self._runs = {}
        self._tensors = {}
        # The output itself and how often it was changed in place until then: two modules may return the same tensor.
        self._originals = {}
        self._shapeless = []

    def watch(self, name):
        self._watched.append(name)
        hook = lambda _module, _inputs, output: self._capture(name, output)
        self._hooks.append(self._modules[name].register_forward_hook(hook))

    def close(self):
        for hook in self._hooks:
            hook.remove()

    def _capture(self, name, output):
        self._runs[name] = self._runs.get(name, 0) + 1
        if self._runs[name] > 1:
            self._tensors.pop(name, None)
            return
        if not (torch.is_tensor(output) and output.is_floating_point()):
            if not self._automatic:
                _tensor(output, repr(name))
                raise TypeError("%r gives a tensor of %s, expected floating-point numbers" % (name, output.dtype))
            self._shapeless.append(name)
            return
        if self._automatic:
            same = [other for other in self._tensors if self._is_same(other, output)]
            if same and not self._replaces(name, same[0]):
                return
            for other in same:
                del self._tensors[other]
        self._tensors[name] = _copy(output)
        self._originals[name] = (weakref.ref(output), output._version)

    def _is_same(self, name, output):
        original, version = self._originals[name]
        return original() is output and version == output._version

    def _replaces(self, outer, inner):
        """A module that passes on what one inside it gave is the better known of both, unless the inner one is a layer. A
        plain sequence adds nothing to its last module."""
        is_around = inner.startswith(outer + ".")
        has_parameters = next(self._modules[inner].parameters(recurse=False), None) is not None
        return is_around and not has_parameters and not _is_sequence(self._modules[outer])

    def recorded(self, output):
        if self._automatic:
            return {name: tensor for name, tensor in self._tensors.items() if not self._is_same(name, output)}
        for name in self._watched:
            if self._runs.get(name, 0) != 1:
                count = "does not run" if name not in self._runs else "runs %d times" % self._runs[name]
                raise ValueError("the submodule %r %s; record one that runs once" % (name, count))
        return {name: self._tensors[name] for name in self._watched}

    def omissions(self):
        if not self._automatic:
            return ""
        found = [
            ("running more than once", [name for name, runs in self._runs.items() if runs > 1]),
            ("not running", [name for name in self._watched if name not in self._runs]),
            ("not giving one float tensor", self._shapeless),
        ]
        return "".join("; left out for %s: %s" % (reason, _listed(names)) for reason, names in found if names)


def _unwrapped(model):
    while True:
        if isinstance(model, (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)):
            model = model.module
        elif hasattr(model, "_orig_mod"):  # torch.compile
            model = model._orig_mod
        else:
            return model


def _module_names(model):
    """Submodules by name. The names are those of the model without its wrappers, which may also stand inside it."""
    wrappers = set(name + ".module" for name, module in model.named_modules() if isinstance(module, torch.nn.DataParallel))
    names = {}
    for name, module in model.named_modules():
        segments = name.split(".")
        paths = [".".join(segments[:count + 1]) for count in range(len(segments))]
        if name and name not in wrappers:
            names[".".join(segment for segment, path in zip(segments, paths) if path not in wrappers)] = module
    return names


def _checked(taps, names):
    if taps is None:
        return []
    if isinstance(taps, str):
        if taps not in ("blocks", "all"):
            raise ValueError('found taps %r, expected "blocks", "all", a list of names or a dict' % taps)
        return taps
    if not isinstance(taps, (dict, list, tuple)):
        raise TypeError("found taps of type %s, expected a list of names or a dict" % type(taps).__name__)
    # As the wrapper DataParallel calls them.
    plain = [name[len("module."):] if name.startswith("module.") and name not in names else name for name in taps]
    for name in plain:
        if name not in names:
            raise ValueError("the model has no submodule %r; it has %s" % (name, _listed(sorted(names))))
    if len(set(plain)) < len(plain):
        raise ValueError("a submodule is named twice")
    if not isinstance(taps, dict):
        return plain
    if len(set(taps.values())) < len(taps):
        raise ValueError("two submodules have the same canonical name")
    return dict(zip(plain, taps.values()))


def _blocks(names):
    """Modules around others, as far as the parts that blocks are made of. Of modules around the same parameters the outermost;
    instead of a plain sequence its last module, whose output is the same and whose kind is known."""
    chosen = []
    for name, module in names.items():
        parameters = set(map(id, module.parameters()))
        if not parameters or not list(module.children()):
            continue
        around = [names[outer] for outer in names if name.startswith(outer + ".")]
        if any(set(map(id, outer.parameters())) == parameters for outer in around):
            continue
        # A part of a block is inside the block; what is inside a part is inside two.
        if sum(not _is_sequence(outer) for outer in around) > 1:
            continue
        while _is_sequence(module) and list(module.children()):
            last, module = list(module.named_children())[-1]
            name += "." + last
        # Unless the module has another name, too.
        if name in names and name not in chosen:
            chosen.append(name)
    return chosen


def _is_sequence(module):
    return type(module).forward is torch.nn.Sequential.forward


def _check(model, input):
    if not (torch.is_tensor(input) and input.dtype == torch.float32 and input.dim() == 4):
        found = "%s %s" % (input.dtype, list(input.shape)) if torch.is_tensor(input) else type(input).__name__
        raise TypeError("found an input %s, expected a float32 tensor [N, C, H, W]" % found)
    for name, tensor in list(model.named_parameters()) + list(model.named_buffers()):
        if tensor.device.type != "cpu":
            raise TypeError("%s is on %s, expected the CPU, whose float32 is exact: use model.cpu()" % (name, tensor.device))
        if tensor.is_floating_point() and tensor.dtype != torch.float32:
            raise TypeError("%s is %s, expected float32: use model.float()" % (name, tensor.dtype))


def _copy(output):
    # A gate that was expanded to the size of a map (stride 0) is written once. A copy, because an in-place operation that
    # follows, such as ReLU, would overwrite the output.
    for side in range(output.dim()):
        if output.size(side) > 1 and output.stride(side) == 0:
            output = output.narrow(side, 0, 1)
    return output.detach().to(torch.float32, copy=True, memory_format=torch.contiguous_format)


def _tensor(output, name):
    if not torch.is_tensor(output):
        raise TypeError("%s gives %s, expected one tensor" % (name, type(output).__name__))
    return output


def _listed(names):
    return ", ".join(names[:4]) + (" and %d more" % (len(names) - 4) if len(names) > 4 else "")


def _say(text):
    print(text, file=sys.stderr)


def _metadata(model, checkpoint):
    metadata = {
        "producer": "record_reference.py",
        "framework": "torch %s" % torch.__version__,
        "model": "%s.%s" % (type(model).__module__, type(model).__name__),
    }
    if checkpoint is not None:
        digest = hashlib.sha256()
        with open(checkpoint, "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
        metadata["sourceSha256"] = digest.hexdigest()
    return metadata


def _save(tensors, metadata, path):
    # Safetensors refuses tensors that share their storage; those of the taps are copies already.
    for name in ("input", "output"):
        tensors[name] = tensors[name].detach().to(torch.float32, copy=True, memory_format=torch.contiguous_format)
    temporary = "%s.%d.tmp" % (path, os.getpid())
    try:
        save_file(tensors, temporary, metadata={"attnconv.reference": json.dumps(metadata, sort_keys=True)})
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)
