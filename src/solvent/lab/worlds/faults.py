"""What can be wrong with a world, in sentences."""

from solvent.rulebook.faults import Fault, RulebookError


class WorldError(RulebookError):
    """A world that cannot be built; `faults` holds everything that is wrong with it."""


def world_error(name: str, *faults: tuple[str, str, str]) -> WorldError:
    """The error of (where, what is wrong, what to do) triples."""
    return WorldError(name, [Fault(None, where, what, remedy) for where, what, remedy in faults])
