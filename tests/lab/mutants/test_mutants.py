"""The list of planted faults fits the ground, and a sample of it is caught by the rig."""

import pytest

from solvent.lab.mutants import FaultGone, find_place, read_faults, run_mutants
from solvent.lab.mutants.faults import Fault

FAULTS = read_faults()
PLANTED_MIN = 100
SAMPLE = (
    "collateral is booked twice",
    "cash for shares is rounded up",
    "a fund pays more than it has",
    "realised result is taken twice",
    "funding is not accrued",
)


def test_the_list_is_long_and_every_name_stands_once() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(names) == len(set(names))
    assert all(1 <= fault.catalogue <= 98 for fault in FAULTS)
    assert len({fault.catalogue for fault in FAULTS}) > 40


def test_enough_faults_still_have_their_place_in_the_ground() -> None:
    gone = []
    for fault in FAULTS:
        try:
            assert find_place(fault)
        except FaultGone as error:
            gone.append(f"{fault.name}: {error}")
    assert len(FAULTS) - len(gone) >= PLANTED_MIN, gone


def test_a_fault_without_a_place_is_gone() -> None:
    with pytest.raises(FaultGone):
        find_place(Fault("x", 1, "units.py", "mul_div_down", "not there", ""))
    with pytest.raises(FaultGone):
        find_place(Fault("x", 1, "units.py", "no_such_function", "a", "b"))
    with pytest.raises(FaultGone):
        find_place(Fault("x", 1, "nowhere.py", "f", "a", "b"))


def test_a_sample_is_caught_and_the_clean_ground_is_not() -> None:
    score = run_mutants(names=SAMPLE, quick=True)
    assert score.clean, score.found_clean
    assert score.planted == len(SAMPLE), score.gone
    assert score.missed == []
    assert score.passed
