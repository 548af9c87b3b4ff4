"""Worked examples of models: an object with a list `tests`, each with an area and no venue.

    {"id": "mutual-fund-10", "area": "network", "inputs": {"base": "eisenberg-noe-4", "G": 10},
     "expected": {"phi": 0.1427158}, "tol": 1e-5}

Their kind is in the id: the longest known kind it begins with (`gpd-closed-form`, `es-student4`). An id of no known
kind is answered by the model of its area whose inputs it brings. `base` names another example of the file whose inputs
it builds on. The numbers have decimals, so floats answer, and a tolerance is meant absolute or relative, whichever is
wider; of a tolerance by name the widest counts. An example that expects one number under a name of its own is compared
with the first the model gives.

One file holds the models of one concept, over the functions of `lab/statistics`, `advisors` and `mutual`.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from solvent.lab.cases.case import BadInput, Case, Some, Unsupported
from solvent.lab.cases.models import (
    attacks,
    coverage,
    deleveraging,
    funds,
    impact,
    networks,
    passage,
    perpetuals,
    predictions,
    spans,
    tails,
)
from solvent.lab.cases.models.example import ASKED, NAMED, Model
from solvent.lab.statistics.faults import StatisticError
from solvent.mutual.clearing import NetworkError

FILES: Final = (
    attacks,
    coverage,
    deleveraging,
    funds,
    impact,
    networks,
    passage,
    perpetuals,
    predictions,
    spans,
    tails,
)

MODELS: Final[dict[str, Model]] = {kind: model for file in FILES for kind, model in file.MODELS.items()}
"""Every kind of example."""

assert len(MODELS) == sum(len(file.MODELS) for file in FILES), "two files answer to one kind"

NOT_COMPARED: Final = frozenset({"long_in_vega_fixtures"})
"""What an example quotes and itself says is not to be used as truth."""

BASE: Final = "base"


def kind_of(identifier: str, area: Any = None, inputs: Any = None) -> str | None:
    """The kind of an example: the longest its id begins with, else the one of its area whose inputs it brings."""
    fitting = [kind for kind in MODELS if identifier.startswith(kind)]
    if fitting:
        return max(fitting, key=len)
    if not isinstance(inputs, Mapping):
        return None
    brought = {
        kind: len(model.needs)
        for kind, model in MODELS.items()
        if model.area == area and model.needs and all(name in inputs for name in model.needs)
    }
    most = max(brought.values(), default=0)
    nearest = [kind for kind, count in brought.items() if count == most]
    return nearest[0] if len(nearest) == 1 else None


def as_cases(tests: list[Any]) -> list[Any]:
    """The examples in the shape of cases; what is no example is left as it is, to be told."""
    known = {test["id"]: test for test in tests if isinstance(test, dict) and isinstance(test.get("id"), str)}
    return [_as_case(test, known) if isinstance(test, dict) and "area" in test else test for test in tests]


def _as_case(test: dict[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    identifier = test.get("id")
    case = {name: test[name] for name in ("id", "inputs", "expected") if name in test}
    inputs = case.get("inputs")
    if isinstance(inputs, dict) and isinstance(inputs.get(BASE), str):
        below = known.get(inputs[BASE], {}).get("inputs")
        case["inputs"] = inputs = (below if isinstance(below, dict) else {}) | inputs
    kind = kind_of(identifier, test.get("area"), inputs) if isinstance(identifier, str) else None
    tolerance = Decimal(str(tolerance_of(test.get("tol", 0))))
    if isinstance(case.get("expected"), dict):
        case["expected"] = {name: value for name, value in case["expected"].items() if name not in NOT_COMPARED}
    # floats carry some fifteen digits: a tolerance of zero is meant for what is counted
    room = max(tolerance, Decimal("4e-15"))
    return case | {"venue": "solvent", "fn": kind or identifier, "tol": {"abs": tolerance, "rel": room}}


def tolerance_of(given: Any) -> float:
    """A tolerance is a number, or numbers by name of which the widest counts."""
    if isinstance(given, Mapping):
        return max((float(value) for value in given.values()), default=0.0)
    return float(given or 0.0)


def _plain(value: Any) -> Any:
    """Decimals of a file as floats, all the way down."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


def _answering(kind: str, model: Model) -> Callable[[Case], Any]:
    def answer(case: Case) -> Any:
        try:
            asked = list(case.expected) if isinstance(case.expected, Mapping) else []
            found = model.answer({NAMED: case.identifier, ASKED: asked} | _plain(dict(case.inputs)))
        except (NetworkError, StatisticError) as error:
            raise Unsupported(str(error)) from None
        except BadInput:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"{kind} cannot be answered of these inputs ({error})") from None
        expected = case.expected
        if isinstance(expected, dict) and len(expected) == 1 and found and not set(expected) & set(found):
            found = dict.fromkeys(expected, next(iter(found.values())))
        case.step(kind, found, f"lab/cases/models, area {model.area}")
        return Some(found)

    answer.__doc__ = (model.answer.__doc__ or f"The worked example `{kind}` of a model.").strip().splitlines()[0]
    return answer


RULES: Final = {kind: _answering(kind, model) for kind, model in MODELS.items()}
