"""Paths on a Ray cluster: the same chunks, the same numbers, whatever the number of workers.

`address` names a running cluster ("auto" or host:port); without one Ray starts on this machine. A worker that dies
has its chunk played again by another.
"""

from collections.abc import Callable, Sequence
from typing import Any

from solvent.lab.worlds.faults import world_error
from solvent.lab.worlds.world import World

RETRIES_MAX = 3
_PLAYERS: dict[str, Any] = {}


def _play(world: World, key: str, paths: Sequence[int]) -> Any:
    """One chunk, in a worker: the player of a world is made once and kept."""
    from solvent.lab.worlds.runs import play_chunk
    from solvent.lab.worlds.world import Player

    if key not in _PLAYERS:
        _PLAYERS.clear()
        _PLAYERS[key] = Player(world)
    return play_chunk(_PLAYERS[key], paths)


class Cluster:
    """A connection to Ray and the world lent to its workers."""

    def __init__(self, world: World, address: str | None = None) -> None:
        try:
            import ray
        except ImportError:
            raise world_error(
                "ray", ("--on ray", "Ray is not installed", "Install solvent[ray], or leave --on away.")
            ) from None
        self._ray: Any = ray
        self._own = not ray.is_initialized()
        if self._own:
            try:
                ray.init(address=address, include_dashboard=False, log_to_driver=False, configure_logging=False)
            except (ConnectionError, ValueError, RuntimeError) as error:  # Ray's own words for an address that is none
                raise world_error(
                    "ray", (str(address), f"no cluster answers there ({error})", "Start one with `ray start --head`.")
                ) from None
        self._world = ray.put(world)
        self._key = world.model_key()
        self._chunk: Any = ray.remote(num_cpus=1, max_retries=RETRIES_MAX)(_play)

    def play(self, chunks: list[list[int]], finished: Callable[[Any], None]) -> None:
        """Play chunks and hand each over; a lost worker's are sent again. Raises WorkersLost."""
        from solvent.lab.worlds.runs import WorkersLost, joined_paths

        waiting = {self._chunk.remote(self._world, self._key, chunk): chunk for chunk in chunks}
        deaths = 0
        while waiting:
            done, _pending = self._ray.wait(list(waiting), num_returns=1)
            chunk = waiting.pop(done[0])
            try:
                finished(self._ray.get(done[0]))
            except (self._ray.exceptions.WorkerCrashedError, self._ray.exceptions.NodeDiedError):
                deaths += 1
                if deaths > RETRIES_MAX * max(len(chunks), 1):
                    raise WorkersLost(
                        f"workers died {deaths} times; {len(waiting) + 1} chunks were not played", joined_paths([], 0)
                    ) from None
                waiting[self._chunk.remote(self._world, self._key, chunk)] = chunk

    def close(self) -> None:
        """Leave the cluster if we joined it."""
        if self._own:
            self._ray.shutdown()
