"""Who changes these rules, and how soon a change may bind."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, ms, table, text, texts, whole
from solvent.state.terms import SEATS_MAX

ROLES: Final = ("council", "guardian", "controller", "operator")

GOVERNANCE: Final[tuple[Parameter, ...]] = (
    table("governance", "Who changes these rules.", default={}),
    text("governance.authority", "Whose decision it is, for readers.", informational=True),
    ms(
        "governance.delay_ms",
        "Notice before a change binds; where there are seats, no change has less.",
        least=0,
        informational=True,
    ),
    texts(
        "governance.seats",
        "Roles of the seats, numbered from 1 in this order. With seats the machine takes a change by proposal only,"
        " held to the largest step, the notice and the authority of its family, as this page gives them. A council"
        " proposes and votes, a guardian ends proposals, a controller or the operator may change alone what is theirs.",
        choices=ROLES,
    ),
    whole("governance.votes", "Votes of the council a change needs, the proposer's included.", 1, SEATS_MAX, default=1),
    whole(
        "governance.harm_max",
        "Accounts a change may make liquidatable at unchanged prices, when proposed and again when it binds.",
        0,
        10**9,
        default=0,
    ),
)
