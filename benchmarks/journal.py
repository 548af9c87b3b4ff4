"""How fast is durable? Commands a second through the journal, beside the floor the disk sets.

    python benchmarks/journal.py [--json] [--directory DIR] [--seconds 2] [--record-bytes 104]

The floor appends the same bytes to a plain preallocated file and calls fdatasync: one sync for each
commit, no chain, no watermark. The journal needs two (block, watermark), so half the floor is the best
that small batches can reach. Rounds alternate, because a shared disk changes its mind from second to
second; each figure is the median of the rounds. Replay reads everything back, checksums verified.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from solvent.engine.journal import Journal

BATCHES = (1, 100, 1_000, 10_000)
ROUNDS = 5
FLOOR_FILE_BYTES = 64 << 20


def journal_rate(journal: Journal, batch: np.ndarray[Any, Any], seconds: float) -> float:
    """Durable commands a second through `append`."""
    commits = 0
    start = time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        journal.append(batch, commits)
        commits += 1
    return commits * len(batch) / elapsed


def floor_rate(path: Path, batch: np.ndarray[Any, Any], seconds: float) -> float:
    """The same bytes, pwrite and fdatasync, nothing else."""
    body = batch.tobytes()
    descriptor = os.open(path, os.O_RDWR)
    commits, offset = 0, 0
    start = time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        if offset + len(body) > FLOOR_FILE_BYTES:
            offset = 0
        os.pwrite(descriptor, body, offset)
        os.fdatasync(descriptor)
        offset += len(body)
        commits += 1
    os.close(descriptor)
    return commits * len(batch) / elapsed


def replay_rate(directory: Path, dtype: np.dtype[Any]) -> float:
    """Commands a second from disk to verified arrays."""
    with Journal.open(directory, dtype, read_only=True) as journal:
        start = time.perf_counter()
        count = sum(len(records) for _, records in journal.blocks())
        return count / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--directory", type=Path, help="on the disk to be measured; default: the temporary one")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each batch size and side")
    parser.add_argument("--record-bytes", type=int, default=104)
    options = parser.parse_args()
    dtype = np.dtype([(f"field_{i}", np.int64) for i in range(options.record_bytes // 8)])
    rows = []
    with tempfile.TemporaryDirectory(dir=options.directory) as folder:
        floor_path = Path(folder) / "floor"
        floor_path.write_bytes(bytes(FLOOR_FILE_BYTES))
        for size in BATCHES:
            batch = np.zeros(size, dtype)
            batch["field_0"] = np.arange(size)
            directory = Path(folder) / f"batch-{size}"
            seconds = options.seconds / ROUNDS
            durable, floor = [], []
            with Journal.create(directory, dtype, b"benchmark") as journal:
                for _ in range(ROUNDS):
                    durable.append(journal_rate(journal, batch, seconds))
                    floor.append(floor_rate(floor_path, batch, seconds))
            row = {
                "records_per_commit": size,
                "durable_per_second": round(statistics.median(durable)),
                "floor_per_second": round(statistics.median(floor)),
                "ratio": round(statistics.median(durable) / statistics.median(floor), 3),
                "replay_per_second": round(replay_rate(directory, dtype)),
            }
            rows.append(row)
            if not options.json:
                print("  ".join(f"{name} {value:>12,}" for name, value in row.items()))
    if options.json:
        print(json.dumps({"record_bytes": dtype.itemsize, "rounds": ROUNDS, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
