"""The crash rig: a journal's life ended at every system call, its disk at every state, its files damaged.

What must hold: everything acknowledged is found again, in its place; a journal that cannot show that stops and says
why; a crash alone never makes it stop. `life.py` is what is lived, `shim.py` and `under_shim.py` the real kills and
failing calls, `disk.py` the simulated power cuts, `damage.py` the flipped bits, `planted.py` faults that show that
all of this works.
"""

from solvent.lab.crash.planted import PLANTED
from solvent.lab.crash.run import CrashReport, run_crash
from solvent.lab.crash.shim import ShimUnavailable

__all__ = ["PLANTED", "CrashReport", "ShimUnavailable", "run_crash"]
