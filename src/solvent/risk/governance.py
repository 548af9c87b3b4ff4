"""How far one change may move a number, and whose authority a change needs.

A step is a share of the value in force, or of one unit where that is zero; a family without a step may change any way,
and a number that was off may be switched on at any value. Rates of brackets are compared as rates.
"""

from solvent.compiled import kernel
from solvent.units import PPM, mul_div_up


@kernel
def is_step_allowed(before, after, unit, step_max_ppm):
    """True when a value moves no further than a share of itself, or of a unit where it is zero."""
    if step_max_ppm == 0:
        return True
    base = abs(before) if before != 0 else unit
    if base == 0:
        return True
    return abs(after - before) <= mul_div_up(base, step_max_ppm, PPM)


@kernel
def is_entitled(role, authority):
    """True when a seat's role holds one of the bits a change asks for."""
    return role & authority != 0
