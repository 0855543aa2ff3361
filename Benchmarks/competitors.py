"""The other side of execution.py, each in a process of its own: PyTorch and ONNX Runtime on the same weights.

    competitors.py prepare FOLDER                           weights, ONNX files and references of all networks
    competitors.py torch|onnxruntime FOLDER NETWORK BATCH THREADS    answers each line COUNT with the times of so many runs
    competitors.py verify WEIGHTS REFERENCE                 what `attnconv verify` does, in PyTorch
"""
import json
import pathlib
import sys
import time

import torch

TOLERANCE = 1e-5  # of `attnconv verify`
BATCHES = (1, 8)


def resnet50():
    import torchvision

    return torchvision.models.resnet50()


def resnet50_cbam():
    import timm

    return timm.create_model("resnet50", block_args={"attn_layer": "cbam"})


def resnet50_bam():
    from pytorchcv.models.bamresnet import bam_resnet50

    return bam_resnet50()


NETWORKS = {"resnet50": resnet50, "resnet50-cbam": resnet50_cbam}


def trained(model):
    """Random weights with statistics that are not the identity, of a size that keeps the activations near 1."""
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.8, 1.2)
            module.weight.data.uniform_(0.4, 0.8)
    return model.eval()


def check(actual, expected) -> None:
    difference = ((actual - expected).abs().max() / expected.abs().max()).item()
    if not difference <= TOLERANCE:
        sys.exit(f"error: outputs differ by {difference} of the largest, expected at most {TOLERANCE}")


def prepare(folder: pathlib.Path) -> None:
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Tools"))
    from record_reference import record

    for name, build in (NETWORKS | {"resnet50-bam": resnet50_bam}).items():
        model = trained(build())
        torch.save(model.state_dict(), folder / f"{name}.pth")
        for batch in (2,) if name == "resnet50-bam" else BATCHES:
            images = torch.randn(batch, 3, 224, 224)
            record(model, images, str(folder / f"{name}.{batch}.safetensors"), taps=None)
            if name in NETWORKS:
                torch.onnx.export(model, (images,), folder / f"{name}.{batch}.onnx", dynamo=True, verbose=False)


def serve(run) -> None:
    run()
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        print(json.dumps(times), flush=True)


def serve_torch(folder: pathlib.Path, network: str, batch: str, threads: str) -> None:
    from safetensors.torch import load_file

    torch.set_num_threads(int(threads))
    model = NETWORKS[network]().eval()
    model.load_state_dict(torch.load(folder / f"{network}.pth", weights_only=True))
    reference = load_file(folder / f"{network}.{batch}.safetensors")
    with torch.inference_mode():
        check(model(reference["input"]), reference["output"])
        serve(lambda: model(reference["input"]))


def serve_onnxruntime(folder: pathlib.Path, network: str, batch: str, threads: str) -> None:
    import onnxruntime
    from safetensors.numpy import load_file

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads)
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / f"{network}.{batch}.onnx", options, providers=["CPUExecutionProvider"])
    reference = load_file(folder / f"{network}.{batch}.safetensors")
    inputs = {session.get_inputs()[0].name: reference["input"]}
    check(torch.from_numpy(session.run(None, inputs)[0]), torch.from_numpy(reference["output"]))
    serve(lambda: session.run(None, inputs))


def verify(weights: str, reference: str) -> None:
    from safetensors.torch import load_file

    model = resnet50_bam()
    model.load_state_dict(torch.load(weights, weights_only=True))
    model.eval()
    recorded = load_file(reference)
    with torch.inference_mode():
        check(model(recorded["input"]), recorded["output"])


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "verify":
        verify(*arguments)
    else:
        commands = {"prepare": prepare, "torch": serve_torch, "onnxruntime": serve_onnxruntime}
        commands[command](pathlib.Path(arguments[0]), *arguments[1:])
