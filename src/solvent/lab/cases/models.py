"""Worked examples of models: an object with a list `tests`, each with an area and no venue.

Their kind is in the id (`gpd-closed-form`, `es-student4`); the functions are those of `solvent.lab.statistics`. They
are numbers with decimals, so floats answer, and a tolerance is meant absolute or relative, whichever is wider.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from solvent.lab.cases.case import BadInput, Case, Some, Unsupported
from solvent.lab.statistics.faults import StatisticError
from solvent.lab.statistics.vectors import RULES as MODELS
from solvent.lab.statistics.vectors import expected_of, rule_of, tolerance_of


def as_cases(tests: list[Any]) -> list[Any]:
    """The examples in the shape of cases; what is no example is left as it is, to be told."""
    return [_as_case(test) if isinstance(test, dict) and "area" in test else test for test in tests]


def _as_case(test: dict[str, Any]) -> dict[str, Any]:
    identifier = test.get("id")
    kind = rule_of(identifier) if isinstance(identifier, str) else None
    tolerance = Decimal(str(tolerance_of(test.get("tol", 0))))
    case = {name: test[name] for name in ("id", "inputs", "expected") if name in test}
    if "expected" in case:
        case["expected"] = expected_of(case["expected"])
    return case | {"venue": "solvent", "fn": kind or identifier, "tol": {"abs": tolerance, "rel": tolerance}}


def _plain(value: Any) -> Any:
    """Decimals of a file as floats, all the way down."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


def _answering(kind: str) -> Callable[[Case], Any]:
    def answer(case: Case) -> Any:
        try:
            found = MODELS[kind](_plain(dict(case.inputs)))
        except KeyError as error:
            raise BadInput(f"{kind} needs the input {error}") from None
        except StatisticError as error:
            raise Unsupported(str(error)) from None
        case.step(kind, found, "solvent.lab.statistics")
        return Some(found)

    answer.__doc__ = f"The worked example `{kind}` of a model."
    return answer


RULES: Final = {kind: _answering(kind) for kind in MODELS}
