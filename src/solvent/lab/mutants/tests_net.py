"""The tests beside the sources as nets: collected once, each then run in whatever process asks for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from solvent.lab.mutants.nets import Net

FOLDER = Path(__file__).resolve().parents[4] / "tests"
FILES = ("test_units.py", "state", "risk", "procedures", "laws", "test_cases.py")
QUICK_FILES = ("state/test_ledger.py", "risk/test_waterfall.py", "risk/test_pool.py", "laws/test_found_by_chance.py")
LEFT_OUT = (
    "test_random_worlds.py::test_seeds_that_once_failed",
    "test_random_worlds.py::test_no_law_is_broken",
    "test_metamorphic.py::test_twins_agree",
    "test_every_case_ends_in_the_same_state",
    "test_all_that_lie_together_walk_no_further",
    "test_the_filter_names_whom_the_exact_scan_names",
)
"""Worlds and twins are nets of their own; a process started by a test has no fault in it; the last two take longer
than all other tests of their files together, and find what those find."""
EXAMPLES_MAX = 50


class TestFailed(AssertionError):
    """A test of the project failed."""

    __test__ = False


class Collected:
    """A plugin of pytest that hands the tests it collected to `hunt` instead of running them."""

    def __init__(self, hunt: Callable[[list[Net]], None]) -> None:
        self._hunt = hunt

    def pytest_collection(self, session: Any) -> None:
        """Before the tests are imported: the first example that fails is enough, nobody looks for a shorter one."""
        from hypothesis import Phase, settings

        settings.register_profile(
            "hunt",
            settings.get_profile("repeatable"),
            phases=(Phase.explicit, Phase.generate),
            max_examples=EXAMPLES_MAX,
            print_blob=False,
        )
        settings.load_profile("hunt")

    def pytest_runtestloop(self, session: Any) -> bool:
        """In place of the loop over the tests."""
        items = [item for item in session.items if not any(name in item.nodeid for name in LEFT_OUT)]
        self._hunt([Net(item.nodeid.removeprefix("tests/"), _cast(item)) for item in items])
        return True


def _cast(item: Any) -> Callable[[], None]:
    def cast() -> None:
        from _pytest.runner import runtestprotocol

        for report in runtestprotocol(item, nextitem=None, log=False):
            if report.failed:
                lines = [line for line in str(report.longrepr).splitlines() if line.startswith("E ")]
                raise TestFailed((lines or [report.when])[0].removeprefix("E").strip())

    return cast


def with_tests(hunt: Callable[[list[Net]], None], *, quick: bool = False) -> None:
    """Collect the tests of rules and laws and call `hunt` with them; with none where no sources stand beside."""
    files = [str(FOLDER / name) for name in (QUICK_FILES if quick else FILES) if (FOLDER / name).exists()]
    if not files:
        hunt([])
        return
    import pytest

    own = ["-q", "-q", "-s", "-n", "0", "-p", "no:cacheprovider", "--rootdir", str(FOLDER.parent)]
    answer = pytest.main([*own, "-c", str(FOLDER.parent / "pyproject.toml"), *files], plugins=[Collected(hunt)])
    if answer not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise RuntimeError(f"the tests could not be collected: pytest ended with {answer!r}")
