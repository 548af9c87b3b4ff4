"""Sources are named once, a plain median has no weights, the order of components is fixed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from solvent.rulebook.checks.parts import Parts, Tell, known_rows, tell_twins
from solvent.rulebook.locate import Path
from solvent.rulebook.rules import Source

MARK_ORDER: Final = ("reported_mark", "index", "external_perp_median")
"""In which order the machine looks for the first component."""


ANSWERS: Final = ("allow", "conservative", "refuse")
"""From the mildest to the strictest."""


def check_price(parts: Parts, tell: Tell) -> None:
    """Sources are named once; a plain median has no weights; the machine's order of components is fixed."""
    at: Path = ("price", "index", "sources")
    if parts.index is not None:
        sources = parts.index.sources
        tell_twins((((*at, row, "id"), source.id) for row, source in enumerate(sources)), tell)
        if parts.index.kind == "median":
            _tell_weights(parts.index.default_weight, sources, tell)
    if parts.mark is None:
        return
    _tell_guards(parts, tell)
    kinds = [component.kind for component in parts.mark.components]
    at = ("price", "mark", "components")
    tell_twins((((*at, row, "kind"), kind) for row, kind in enumerate(kinds)), tell)
    for row, component in enumerate(parts.mark.components):
        names = enumerate(component.sources)
        tell_twins((((*at, row, "sources", place, "id"), source.id) for place, source in names), tell)
    ranks = [MARK_ORDER.index(kind) for kind in kinds]
    if parts.mark.kind == "first" and ranks != sorted(ranks):
        tell(at, "the machine looks for components in another order", f"Write them as {', '.join(MARK_ORDER)}.")


def check_conditions(parts: Parts, tell: Tell) -> None:
    """Each condition once; whoever may be liquidated at a price may reduce at it (invariant G6)."""
    at: Path = ("price", "condition")
    rows = list(known_rows(parts.conditions))
    tell_twins((((*at, row, "kind"), condition.kind) for row, condition in rows), tell)
    for row, condition in rows:
        if ANSWERS.index(condition.reduce) > ANSWERS.index(condition.liquidate):
            problem = f"reducing is answered with {condition.reduce}, liquidation with {condition.liquidate}"
            tell((*at, row, "reduce"), problem, "Allow traders at least what you do to them.")


def _tell_guards(parts: Parts, tell: Tell) -> None:
    """A guard of the mark stands once, there or in the index; a step that is not taken waits for the mark to be old."""
    assert parts.mark is not None
    kinds = {"stale_mark" if guard.kind == "max_age" else guard.kind: guard for guard in parts.mark.guards}
    index = parts.index.guards if parts.index is not None else ()
    named = {(guard.kind, guard.window_ms) for guard in index if guard.kind != "max_step"}
    for row, guard in enumerate(parts.mark.guards):
        path: Path = ("price", "mark", "guards", row, "kind")
        kind = "stale_mark" if guard.kind == "max_age" else guard.kind
        if (kind, guard.window_ms) in named:
            tell(path, f"[price.index] has such a guard already: `{kind}`", "Remove one of the two.")
        aged = "stale_mark" in kinds or any(other.kind == "stale_mark" for other in index)
        if kind == "max_step" and not guard.clamp and not aged:
            remedy = 'Write on_breach = "clamp", or add { kind = "max_age", ms = … } to the mark.'
            tell(path, "a mark that is not taken would stand for ever", remedy)


def _tell_weights(default_weight: int, sources: Sequence[Source], tell: Tell) -> None:
    problem = "a plain median counts every source once"
    for row, source in enumerate(sources):
        if source.weight > 1:
            path: Path = ("price", "index", "sources", row, "w")
            tell(path, problem, "Leave the weight out, or choose kind weighted_median.")
    if default_weight > 1:
        tell(("price", "index", "default_w"), problem, "Leave it out, or choose kind weighted_median.")
