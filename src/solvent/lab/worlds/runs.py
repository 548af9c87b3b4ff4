"""Many paths of one world: on one core, on several processes, or on a Ray cluster, path by path the same.

A path is a function of (world, path number) alone, so who plays it does not matter. Chunks of a lost worker are
played again; what was finished is kept. A run can be stopped at any time and then holds the paths it has.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

import numpy as np

from solvent.lab.worlds.compiled.tables import BUCKETS, Cursor, MarketTotal, Moment, Total
from solvent.lab.worlds.world import Player, World

CHUNK_PATHS = 8
RETRIES_MAX = 3

Progress = Callable[[float, str], None]


class WorkersLost(Exception):
    """Workers died again and again; `paths` are those that were finished."""

    def __init__(self, message: str, paths: "Paths") -> None:
        super().__init__(message)
        self.paths = paths


@dataclass
class Paths:
    """Finished paths, in ascending order of their number; amounts in quanta.

    numbers [n]; totals [n, Total]; by_market [n, M, MarketTotal]; line [n, BUCKETS, Moment]; defaults [d, 5] and
    closings [c, 7] carry the path's number first; weights [n] are one unless rare paths were drawn more often.
    """

    numbers: np.ndarray
    totals: np.ndarray
    by_market: np.ndarray
    line: np.ndarray
    defaults: np.ndarray
    closings: np.ndarray
    weights: np.ndarray
    seconds: float = 0.0
    partial: bool = False

    def __len__(self) -> int:
        """How many paths."""
        return len(self.numbers)

    def of(self, total: Total) -> np.ndarray:
        """One column of the totals, [n]."""
        return self.totals[:, total]

    def only(self, numbers: np.ndarray) -> "Paths":
        """Those paths alone, for a comparison with a run that was interrupted."""
        kept = np.isin(self.numbers, numbers)
        return Paths(
            self.numbers[kept], self.totals[kept], self.by_market[kept], self.line[kept],
            self.defaults[np.isin(self.defaults[:, 0], numbers)], self.closings[np.isin(self.closings[:, 0], numbers)],
            self.weights[kept], self.seconds, True,
        )  # fmt: skip

    def digest(self) -> str:
        """Fingerprint of the whole result: the same whoever played it."""
        fingerprint = hashlib.blake2b(digest_size=32)
        for part in (self.numbers, self.totals, self.by_market, self.line, self.defaults, self.closings):
            fingerprint.update(np.ascontiguousarray(part).tobytes())
        if (self.weights != 1.0).any():
            fingerprint.update(self.weights.tobytes())
        return fingerprint.hexdigest()


@dataclass
class _Chunk:
    numbers: list[int] = field(default_factory=list)
    totals: list[np.ndarray] = field(default_factory=list)
    by_market: list[np.ndarray] = field(default_factory=list)
    line: list[np.ndarray] = field(default_factory=list)
    defaults: list[np.ndarray] = field(default_factory=list)
    closings: list[np.ndarray] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def take(self, path: int, player: Player) -> None:
        """Keep what the player's last path came to."""
        going = player.going
        self.numbers.append(path)
        self.weights.append(player.weight)
        self.totals.append(going.totals.copy())
        self.by_market.append(going.by_market.copy())
        self.line.append(_filled(going.line))
        for kept, rows, cell in (
            (self.defaults, going.defaults, Cursor.DEFAULTS),
            (self.closings, going.closings, Cursor.CLOSINGS),
        ):
            count = int(going.cursor[cell])
            kept.append(np.column_stack([np.full(count, path), rows[:count]]))


def _filled(line: np.ndarray) -> np.ndarray:
    """A time line without holes: a horizon of few steps leaves buckets empty, which take the value before."""
    filled = line.copy()
    for bucket in range(1, len(filled)):
        if not filled[bucket].any():
            filled[bucket] = filled[bucket - 1]
    return filled


def joined_paths(chunks: Iterable[_Chunk], markets: int) -> Paths:
    """Chunks as one, in order of the paths' numbers."""
    listed = [chunk for chunk in chunks if chunk.numbers]
    if not listed:
        return Paths(
            np.zeros(0, dtype=np.int64),
            np.zeros((0, len(Total)), dtype=np.int64),
            np.zeros((0, markets, len(MarketTotal)), dtype=np.int64),
            np.zeros((0, BUCKETS, len(Moment)), dtype=np.int64),
            np.zeros((0, 5), dtype=np.int64),
            np.zeros((0, 7), dtype=np.int64),
            np.zeros(0),
        )
    numbers = np.array([number for chunk in listed for number in chunk.numbers])
    order = np.argsort(numbers, kind="stable")

    def stacked(name: str) -> np.ndarray:
        parts = [row for chunk in listed for row in getattr(chunk, name)]
        return np.stack([parts[place] for place in order])

    def listed_rows(name: str) -> np.ndarray:
        parts = [row for chunk in listed for row in getattr(chunk, name)]
        return np.concatenate([parts[place] for place in order])

    return Paths(
        numbers[order],
        stacked("totals"),
        stacked("by_market"),
        stacked("line"),
        listed_rows("defaults"),
        listed_rows("closings"),
        np.array([weight for chunk in listed for weight in chunk.weights])[order],
    )


def play_chunk(player: Player, paths: Sequence[int]) -> _Chunk:
    """Play paths one after the other."""
    chunk = _Chunk()
    for path in paths:
        player.play(int(path))
        chunk.take(int(path), player)
    return chunk


_PLAYER: Player | None = None


def _start_worker(world: World) -> None:
    global _PLAYER
    _PLAYER = Player(world)


def _work(paths: Sequence[int]) -> _Chunk:
    assert _PLAYER is not None
    return play_chunk(_PLAYER, paths)


class Workers:
    """Where chunks are played. `jobs` 1 is this process; more are processes of their own; `ray` is a cluster."""

    def __init__(self, world: World, *, jobs: int = 1, on: str = "processes", address: str | None = None) -> None:
        self.world = world
        self.jobs = max(jobs, 1)
        self.on = on
        self._player: Player | None = None
        self._pool: ProcessPoolExecutor | None = None
        self._ray: Any = None
        if on == "ray":
            from solvent.lab.worlds.cluster import Cluster

            self._ray = Cluster(world, address)
        elif self.jobs == 1:
            self._player = Player(world)
        else:
            # compiled once, here, and read from disk by the others
            Player(world).play(0)
            self._open_pool()

    def _open_pool(self) -> None:
        self._pool = ProcessPoolExecutor(
            self.jobs, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(self.world,)
        )

    def pids(self) -> list[int]:
        """Process numbers of the workers, where they are processes of this machine."""
        if self._pool is None:
            return []
        return [int(process.pid) for process in self._pool._processes.values() if process.pid is not None]

    def play(self, paths: Sequence[int], finished: Callable[[_Chunk], None]) -> None:
        """Play paths in chunks and hand each over when it is done. Raises WorkersLost after RETRIES_MAX deaths."""
        chunks = [list(paths[first : first + CHUNK_PATHS]) for first in range(0, len(paths), CHUNK_PATHS)]
        if self._ray is not None:
            self._ray.play(chunks, finished)
            return
        if self._player is not None:
            for chunk in chunks:
                finished(play_chunk(self._player, chunk))
            return
        deaths = 0
        while chunks:
            assert self._pool is not None
            waiting: dict[Future[_Chunk], list[int]] = {}
            try:
                for chunk in chunks:
                    waiting[self._pool.submit(_work, chunk)] = chunk
                for done in _as_done(waiting):
                    finished(done.result())
                    chunks.remove(waiting[done])
            except BrokenProcessPool:
                deaths += 1
                self._pool.shutdown(wait=True, cancel_futures=True)
                if deaths > RETRIES_MAX:
                    message = f"a worker died {deaths} times; the last {len(chunks)} chunks were not played"
                    raise WorkersLost(message, joined_paths([], 0)) from None
                self._open_pool()

    def close(self) -> None:
        """Let the workers go."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        if self._ray is not None:
            self._ray.close()

    def __enter__(self) -> "Workers":
        """The workers themselves."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let them go."""
        self.close()


def _as_done(waiting: dict[Future[_Chunk], list[int]]) -> Iterator[Future[_Chunk]]:
    pending = set(waiting)
    while pending:
        done, pending = wait(pending, return_when=FIRST_COMPLETED)
        yield from done


def run_paths(
    world: World,
    paths: int,
    *,
    first: int = 0,
    jobs: int = 1,
    on: str = "processes",
    address: str | None = None,
    enough: Callable[[Paths], bool] | None = None,
    batch: int = 200,
    progress: Progress | None = None,
    workers: Workers | None = None,
) -> Paths:
    """Play paths `first` to `first + paths`; stop after a batch when `enough` says so.

    An interruption or a loss of workers that cannot be mended ends the run with the paths that are done, marked
    partial.
    """
    tell = progress or (lambda _share, _what: None)
    began = time.perf_counter()
    chunks: list[_Chunk] = []
    done = 0
    partial = False

    def take(chunk: _Chunk) -> None:
        nonlocal done
        chunks.append(chunk)
        done += len(chunk.numbers)
        rate = done / max(time.perf_counter() - began, 1e-9)
        tell(done / paths, f"{done} of {paths} paths, {rate:.0f} a second")

    own = workers is None
    team = workers or Workers(world, jobs=jobs, on=on, address=address)
    began = time.perf_counter()
    try:
        step = batch if enough is not None else paths
        for start in range(first, first + paths, max(step, 1)):
            team.play(range(start, min(start + step, first + paths)), take)
            if enough is not None and enough(joined_paths(chunks, world.markets)):
                break
    except KeyboardInterrupt:
        if not chunks:
            raise
        partial = True
    except WorkersLost as lost:
        found = joined_paths(chunks, world.markets)
        found.partial = True
        raise WorkersLost(str(lost), found) from None
    finally:
        if own:
            team.close()
    found = joined_paths(chunks, world.markets)
    found.seconds = time.perf_counter() - began
    found.partial = partial
    return found


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
