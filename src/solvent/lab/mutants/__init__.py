"""Planted faults: does the rig find what it is there to find? `faults.txt` is the list, `nets.py` what catches."""

from solvent.lab.mutants.faults import Fault, FaultGone, Place, find_place, read_faults
from solvent.lab.mutants.run import Planted, Score, run_mutants

__all__ = ["Fault", "FaultGone", "Place", "Planted", "Score", "find_place", "read_faults", "run_mutants"]
