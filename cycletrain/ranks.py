"""Processes of one launch: which one writes, and equal weights on all of them."""

import hashlib
import os
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, distributed

from cycledata.errors import TrainingError

_CHUNK = 1 << 24
_MODULUS = 65_521


def is_main_process() -> bool:
    """Return whether this process writes: the only one, or the first of a launch."""
    return os.environ.get("RANK", "0") == "0"


def n_launched() -> int:
    """Return the number of processes that a launcher started, 1 without a launcher."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def copy_from_first(tensors: Iterable[Tensor]) -> None:
    """Overwrite tensors with those of the first process, bit for bit.

    Every process passes tensors of the same shapes in the same order.
    """
    if not _is_distributed():
        return
    on_gpu = distributed.get_backend() == "nccl"
    for tensor in tensors:
        with torch.no_grad():
            # As bytes: not every backend sends every type.
            sent = tensor.detach().contiguous()
            data = (sent.cuda() if on_gpu else sent).view(-1).view(torch.uint8)
            distributed.broadcast(data, src=0)
            tensor.copy_(data.view(tensor.dtype).view(tensor.shape))


def require_equal(tensors: Iterable[Tensor], what: str) -> str:
    """Check that all processes have the same bits; return their digest.

    Raises:
        TrainingError: the digests differ; names the processes.
    """
    digest = digest_of(tensors)
    if not _is_distributed():
        return digest
    found: list[str | None] = [None] * distributed.get_world_size()
    distributed.all_gather_object(found, digest)
    if len(set(found)) > 1:
        other = [rank for rank, value in enumerate(found) if value != found[0]]
        raise TrainingError(
            f"{what}: expected the same on all {len(found)} processes, found other values on"
            f" {other}; train on equal machines with equal library versions"
        )
    return digest


def mean_over_ranks(values: list[float]) -> list[float]:
    """Return the means over all processes of numbers that each of them has."""
    if not _is_distributed():
        return values
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    total = torch.tensor(values, dtype=torch.float64, device=device)
    distributed.all_reduce(total)
    return (total / distributed.get_world_size()).tolist()


def from_first(values: dict[str, float]) -> dict[str, float]:
    """Return the numbers of the first process on every process."""
    if not _is_distributed():
        return values
    sent: list[dict[str, float]] = [values]
    distributed.broadcast_object_list(sent, src=0)
    return sent[0]


def _is_distributed() -> bool:
    return distributed.is_available() and distributed.is_initialized()


def digest_of(tensors: Iterable[Tensor]) -> str:
    """Return a digest of the tensors' bits, computed where they are, without a comparison."""
    digest = hashlib.sha256()
    for tensor in tensors:
        for part in _plain_parts(tensor.detach()):
            data = part.contiguous().view(-1).view(torch.uint8)
            for start in range(0, len(data), _CHUNK):
                chunk = data[start : start + _CHUNK].to(torch.int64)
                place = torch.arange(len(chunk), device=chunk.device) % _MODULUS + 1
                sums = int(chunk.sum()), int((chunk * place).sum())
                digest.update(repr((len(chunk), sums)).encode())
    return digest.hexdigest()


def _plain_parts(tensor: Tensor) -> Iterator[Tensor]:
    """Yield the tensor, or the tensors inside a quantized one."""
    if not hasattr(tensor, "__tensor_flatten__"):
        yield tensor
        return
    names, _ = tensor.__tensor_flatten__()
    for name in names:
        yield from _plain_parts(getattr(tensor, name))
