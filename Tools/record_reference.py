"""Records what a PyTorch model computes, so that `attnconv verify` can compare a converted checkpoint with it.

Copy this file beside the authors' code; it needs torch and safetensors and nothing else:

    from record_reference import record

    model = ResidualNet("ImageNet", 50, 1000, "BAM")
    model.load_state_dict(...)
    record(model, torch.randn(2, 3, 224, 224), "resnet50_bam.reference.safetensors",
           checkpoint="resnet50_bam.pth",
           taps={"maxpool": "stem.pool", "layer1": "stages.0.blocks", "bam1": "stages.0.attention"})

    attnconv verify resnet50_bam.safetensors --reference resnet50_bam.reference.safetensors

Weights must be the trained ones: fresh weights hide faults, because norms start as the identity and some gates at 0.
Taps are optional; with them `verify` names the first layer that differs.
"""
import hashlib
import json
import os

import torch
from safetensors.torch import save_file


def record(model, input, path, checkpoint=None, taps=None, overwrite=False):
    """Runs `model` on `input` in evaluation mode and float32, and writes input, output and taps to `path`.

    model       a torch.nn.Module on the CPU whose weights are float32; its mode is restored afterwards
    input       a float32 tensor [N, C, H, W], normalised as in training
    path        the safetensors file to write
    checkpoint  the file that the weights came from; its SHA-256 is recorded
    taps        {name of a submodule: canonical name of the layer or part whose output it gives}
    """
    if os.path.exists(path) and not overwrite:
        raise FileExistsError("%s exists already; pass overwrite=True to replace it" % path)
    if isinstance(model, (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)):
        model = model.module
    _check(model, input)
    captured = {}
    hooks = []
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        for source, canonical in _checked_taps(model, taps).items():
            hooks.append(dict(model.named_modules())[source].register_forward_hook(_capture(source, canonical, captured)))
        with torch.no_grad():
            # The model may change its input in place.
            output = model(input.clone())
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in modes:
            module.training = training
    tensors = {"input": input, "output": _tensor(output, "the model")}
    for source, canonical in (taps or {}).items():
        if canonical not in captured:
            raise ValueError("the submodule %r did not run" % source)
        tensors["taps." + canonical] = captured[canonical]
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ValueError("%s holds NaN or infinity; a reference must be finite" % name)
    _save(tensors, _metadata(model, checkpoint), path)


def _check(model, input):
    if not (torch.is_tensor(input) and input.dtype == torch.float32 and input.dim() == 4):
        found = "%s %s" % (input.dtype, list(input.shape)) if torch.is_tensor(input) else type(input).__name__
        raise TypeError("found an input %s, expected a float32 tensor [N, C, H, W]" % found)
    for name, tensor in list(model.named_parameters()) + list(model.named_buffers()):
        if tensor.device.type != "cpu":
            raise TypeError("%s is on %s, expected the CPU, whose float32 is exact: use model.cpu()" % (name, tensor.device))
        if tensor.is_floating_point() and tensor.dtype != torch.float32:
            raise TypeError("%s is %s, expected float32: use model.float()" % (name, tensor.dtype))


def _checked_taps(model, taps):
    taps = {} if taps is None else taps
    if not isinstance(taps, dict):
        raise TypeError("found taps of type %s, expected a dict {submodule: canonical name}" % type(taps).__name__)
    names = set(name for name, _ in model.named_modules())
    for source in taps:
        if source not in names:
            raise ValueError("the model has no submodule %r; it has %s, ..." % (source, ", ".join(sorted(names - {""})[:8])))
    if len(set(taps.values())) < len(taps):
        raise ValueError("two submodules have the same canonical name")
    return taps


def _capture(source, canonical, captured):
    def hook(_module, _inputs, output):
        if canonical in captured:
            raise ValueError("the submodule %r runs more than once; record one that runs once" % source)
        # A clone: an in-place operation that follows, such as ReLU, would overwrite the output.
        captured[canonical] = _tensor(output, repr(source)).detach().clone()

    return hook


def _tensor(output, name):
    if not torch.is_tensor(output):
        raise TypeError("%s gives %s, expected one tensor" % (name, type(output).__name__))
    return output


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
    # Copies: safetensors refuses tensors that share their storage.
    tensors = {name: tensor.detach().to(torch.float32).contiguous().clone() for name, tensor in tensors.items()}
    temporary = "%s.%d.tmp" % (path, os.getpid())
    try:
        save_file(tensors, temporary, metadata={"attnconv.reference": json.dumps(metadata, sort_keys=True)})
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)
