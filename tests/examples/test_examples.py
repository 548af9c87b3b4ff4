"""The examples run, say what they promise, and stay short enough to be read at once."""

import runpy
from pathlib import Path

import pytest
from tests.service.running import running

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
LINES_MAX = 60

SAYS = {
    "one_default.py": ("liquidation price 98227", "position_deleveraged", "default_closed"),
    "same_day_other_rules.py": ("hyperliquid", "binance_usdm", "winners_first"),
    "tail_of_a_day.py": ("crash:severe", "expected_shortfall_95"),
    "a_written_call.py": ("hold initial 14200", "hold maintenance 8100", "buyer ends with 11500"),
    "beside_a_venue.py": ("accepted=True", "liquidation price", "liquidation_ordered"),
}


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_an_example_runs(name, capsys, monkeypatch) -> None:
    if name == "beside_a_venue.py":
        with running() as service:
            monkeypatch.setattr("sys.argv", [name, service.url, service.keys["gateway"], service.keys["feeder"]])
            runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    else:
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    printed = capsys.readouterr().out
    for text in SAYS[name]:
        assert text in printed


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_is_read_at_once(path) -> None:
    assert len(path.read_text().splitlines()) <= LINES_MAX
