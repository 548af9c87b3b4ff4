"""From who changes the rules to seats and corridors: the declared step, notice and authority of each family."""

from __future__ import annotations

from typing import Final

from solvent.codes import Authority, Family
from solvent.rulebook.compile.work import Work, write_fields
from solvent.rulebook.schema.change import change_rule
from solvent.state.terms import Terms
from solvent.units import NANOSECONDS_PER_MILLISECOND

PATHS: Final = {
    Family.CONTRACT: "contracts",
    Family.PRICE: "price",
    Family.COLLATERAL: "collateral",
    Family.MARGIN: "margin",
    Family.FUNDING: "funding",
    Family.LIQUIDATION: "liquidation",
    Family.LOSS: "loss",
    Family.ADL: "adl",
    Family.LIMITS: "limits",
    Family.BREAKERS: "breakers",
    Family.DYNAMIC: "dynamic",
    Family.GOVERNANCE: "governance",
    Family.ENGINE: "engine",
}
"""Family -> the section whose rule of change is its own; contracts have none of their own and change whole."""


def authority_of(who: str) -> int:
    """The bits of those a rule of change names."""
    return sum(role for role in Authority if role.name.lower() in who)


def write_governance(work: Work, terms: Terms) -> None:
    """Seats, votes and corridors; nothing of it binds where there is no seat."""
    governance = work.rulebook.governance
    if not governance.seats:
        return
    write_fields(
        terms.governing[0],
        {"enforced": 1, "votes_needed": governance.votes, "harm_max": governance.harm_max},
    )
    for row, role in enumerate(governance.seats):
        terms.seats[row].role = Authority[role.upper()]
    for family, path in PATHS.items():
        rule = change_rule(path)
        write_fields(
            terms.corridors[family],
            {
                "step_max_ppm": rule.step_max_ppm or 0,
                "notice_ns": max(rule.notice_ms, governance.delay_ms) * NANOSECONDS_PER_MILLISECOND,
                "authority": authority_of(rule.who),
            },
        )
