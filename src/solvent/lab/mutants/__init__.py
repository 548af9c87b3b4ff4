"""Planted faults: does the rig find what it is there to find? `faults.txt` is the list, `attack.py` the attack."""

from solvent.lab.mutants.faults import Fault, FaultGone, find_place, read_faults
from solvent.lab.mutants.run import Planted, Score, run_mutants

__all__ = ["Fault", "FaultGone", "Planted", "Score", "find_place", "read_faults", "run_mutants"]
