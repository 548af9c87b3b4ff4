"""How a command leaves: its exit codes, and which fault leads to which."""

from typing import Final

FOUND: Final = 1
"""A check failed, or found what it looked for."""
BAD_INPUT: Final = 2
"""Bad input, every fault on standard error; or a limit was breached."""
REFUSED: Final = 3
"""Refused by the state of a directory or file, out of reach, or a rule that is not built."""
NOT_REPRODUCIBLE: Final = 4
"""The same commands did not end the same."""
INTERRUPTED: Final = 130
"""Stopped by the person; what was finished is kept."""


def exit_code_of(error: Exception) -> int | None:
    """The exit code of a fault a person can mend; None for a mistake of ours, which keeps its traceback.

    Told by the names of the classes: importing them would cost every start what only a fault needs.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    if "OutOfReach" in names:
        return REFUSED
    if names & {"RulebookError", "CandleFileError", "UnknownSymbolError", "OutputUnusable", "SettingsRefused"}:
        return BAD_INPUT
    if names & {"EngineFault", "WorkersLost"}:
        return REFUSED
    if "NotReproducible" in names:
        return NOT_REPRODUCIBLE
    return None
