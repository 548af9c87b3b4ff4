"""What must hold between the values of a rulebook, section by section.

Each check sees only parts that could be read; where a part is missing because of its own fault it stays
silent, so one mistake is told once. `tell(path, problem, remedy)` collects.
"""

from __future__ import annotations

from solvent.rulebook.checks.adl import check_adl
from solvent.rulebook.checks.collateral import check_collateral
from solvent.rulebook.checks.liquidation import check_health_search, check_stages
from solvent.rulebook.checks.loss import check_losses
from solvent.rulebook.checks.margin import check_levels, check_order_of_levels, check_schedules, check_what_is_run
from solvent.rulebook.checks.parts import Parts, Tell
from solvent.rulebook.checks.pools import check_pools
from solvent.rulebook.checks.price import check_conditions, check_price


def check_all(parts: Parts, tell: Tell, tell_unrun: Tell) -> None:
    """Every check, in the order of the document; what the machine does not run goes to `tell_unrun`."""
    check_price(parts, tell)
    check_conditions(parts, tell)
    check_collateral(parts, tell)
    check_schedules(parts, tell)
    check_levels(parts, tell)
    check_what_is_run(parts, tell_unrun)
    check_order_of_levels(parts, tell)
    check_stages(parts, tell)
    check_health_search(parts, tell)
    check_losses(parts, tell)
    check_pools(parts, tell)
    check_adl(parts, tell)
