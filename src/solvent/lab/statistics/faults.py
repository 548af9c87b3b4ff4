"""What a statistic refuses, in a sentence."""

from solvent.rulebook.faults import Fault, RulebookError


class StatisticError(RulebookError):
    """Numbers a statistic cannot be taken of."""


def statistic_error(name: str, what: str, remedy: str) -> StatisticError:
    """The error of one sentence and its remedy."""
    return StatisticError(name, [Fault(None, "", what, remedy)])
