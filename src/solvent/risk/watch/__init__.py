"""The watch: from a moved mark to the accounts that may have become distressed, without looking at the others.

Certificate ("safe corner"). Each sound account holds one trigger price per position and per collateral holding:

    (I1) judged exactly with every price at its trigger, and every funding index at the worse end of its band, the
         account is still at or above its threshold;
    (I2) every long and every holding has mark >= trigger, every short has mark <= trigger, and every index is inside
         its band.

Proof, one line: under (I2) each slot is worth at least what it is worth at its trigger, so the surplus is at least the
one of (I1), which is not negative. It needs monotonicity: a long's value minus requirement never falls when its price
rises (a requirement grows by at most one quantum per quantum of notional), a short's never rises, a holding's never
falls; all three exactly in integers. No path of prices makes a bound go stale. When (I2) breaks for an account it is
judged exactly and given a new corner, or flagged.

Conditions. Prices and funding are the only things that move between judgements: trades, transfers and terms judge the
touched accounts again, except where what they did can only help. Under whole brackets a long that grows into the
next bracket loses surplus while its price rises; such a long carries a second trigger, the last price before that
bracket, and a short's trigger stops there too. At its trigger it is judged by the rate it has now: on the way down it
may stand in a dearer bracket than at the end. A long whose requirement may grow faster than its value is judged at its
lower trigger for its value and at its upper one for its requirement. Inverse contracts are the mirror of this: their
notional grows while the price falls, so a long's trigger stops at the edge and a short carries the second one. Steep
joint scenarios give every position two triggers. Rules without a certificate: see `certificate`.

Files: `certificate` (which rules have one), `corner` (how triggers are chosen), `index` (keys under maxima), `collect`
(whom a change concerns), `members` (sets of accounts), `filter` (the scan of everybody: audit, and fallback).

Source: geometric monitoring (Sharfman, Schuster, Keren, PODS 2008) applied to margin.
"""

from solvent.risk.watch.certificate import (
    SMOOTH,
    has_contract_certificate,
    has_level_certificate,
    has_schedule_certificate,
    is_bent,
    is_certified,
    is_debt,
    is_joint,
    multiplier_most_ppm,
    roundings,
    slope_ppm,
)
from solvent.risk.watch.collect import (
    WARM_CHUNK,
    collect,
    collect_holders,
    collect_within,
    drain_in_order,
    find_passed,
    keep_thin,
    warm,
)
from solvent.risk.watch.corner import least_ticks, set_corner
from solvent.risk.watch.filter import doubt, hide_from_scan, is_mirrored, mark_stale, reflect
from solvent.risk.watch.index import (
    CURSOR,
    DEAD,
    FALLS,
    FAN,
    JUDGED,
    LEVEL,
    MIDDLE,
    MIRRORED,
    REPAIRED,
    RISES,
    SCANS,
    SLICE,
    Watch,
    blank_watch,
    column_of,
    fired_room,
    forget_account,
    forget_holding,
    forget_position,
    key_of,
    make_maxima,
    no_mirror,
    second_place,
    trigger_ticks,
)
from solvent.risk.watch.members import (
    COUNT,
    add_member,
    blank_members,
    clear_members,
    grown_members,
    has_member,
    next_member,
    remove_member,
    take_batch,
)
from solvent.risk.watch.mirror import SLOTS_MAX, blank_mirror, has_mirror_room

__all__ = [
    "COUNT",
    "CURSOR",
    "DEAD",
    "FALLS",
    "FAN",
    "JUDGED",
    "LEVEL",
    "MIDDLE",
    "MIRRORED",
    "REPAIRED",
    "RISES",
    "SCANS",
    "SLICE",
    "SLOTS_MAX",
    "SMOOTH",
    "WARM_CHUNK",
    "Watch",
    "add_member",
    "blank_members",
    "blank_mirror",
    "blank_watch",
    "clear_members",
    "collect",
    "collect_holders",
    "collect_within",
    "column_of",
    "doubt",
    "drain_in_order",
    "find_passed",
    "fired_room",
    "forget_account",
    "forget_holding",
    "forget_position",
    "grown_members",
    "has_contract_certificate",
    "has_level_certificate",
    "has_member",
    "has_mirror_room",
    "has_schedule_certificate",
    "hide_from_scan",
    "is_bent",
    "is_certified",
    "is_debt",
    "is_joint",
    "is_mirrored",
    "keep_thin",
    "key_of",
    "least_ticks",
    "make_maxima",
    "mark_stale",
    "multiplier_most_ppm",
    "next_member",
    "no_mirror",
    "reflect",
    "remove_member",
    "roundings",
    "second_place",
    "set_corner",
    "slope_ppm",
    "take_batch",
    "trigger_ticks",
    "warm",
]
