"""The commands of the lab: JSON, exit codes, sentences. In this process, for the machine is compiled once."""

import json

import pytest
from typer.testing import CliRunner

from solvent.cli.main import app, exit_code_of

SMALL = ["-n", "150", "--horizon", "20m", "--jobs", "1", "--model", "normal"]
QUICK = ["-n", "20", "--horizon", "10m", "--step", "60s", "--jobs", "1", "--model", "normal"]


def ran(*words):
    return CliRunner().invoke(app, list(words))


def test_stress_prints_what_it_promises_and_keeps_it(tmp_path):
    out = tmp_path / "run"
    result = ran("stress", "--paths", "12", *SMALL, "--shock", "crash:severe", "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    for name in (
        *("paths", "seconds", "expected_shortfall_999", "probability_socialised_loss", "fund_exhausted_probability"),
        *("standard_errors", "digest"),
    ):
        assert name in summary
    assert summary["paths"] == 12
    assert summary["conservation_quanta"] == 0
    again = json.loads(ran("stress", "--paths", "12", *SMALL, "--shock", "crash:severe", "--json").stdout)
    assert again["digest"] == summary["digest"]
    other = json.loads(ran("stress", "--paths", "12", *SMALL, "--shock", "crash:severe", "--json", "-s", "2").stdout)
    assert other["digest"] != summary["digest"]
    assert not out.exists()


def test_a_breached_limit_is_exit_2():
    limit = ["--limit", "probability_shortfall=0"]
    assert ran("stress", "--paths", "4", *SMALL, *limit).exit_code == 0
    assert (
        ran("stress", "--paths", "4", *SMALL, "--shock", "crash:extreme", "--shock", "depth:extreme", *limit).exit_code
        == 2
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--model", "astrology"], "no such model"),
        (["--shock", "flood"], "no such shock"),
        (["--limit", "profit=1"], "no limit"),
        (["--horizon", "soon"], "no duration"),
        (["--depth", "0"], "without depth"),
        (["--on", "paper"], "nothing of this name"),
        (["--book", "nowhere.parquet"], "no such file"),
        (["--depth", "forecast"], "needs a history"),
        (["--jumps-times", "5"], "no jumps"),
        (["--grid", "mild"], "no such level"),
    ],
)
def test_bad_input_is_a_sentence(words, told):
    result = ran("stress", "--paths", "2", "-n", "50", "--horizon", "20m", *words)
    assert exit_code_of(result.exception) == 2
    assert told in str(result.exception)


def test_an_interruption_keeps_what_is_finished_and_says_partial(monkeypatch):
    from contextlib import contextmanager

    @contextmanager
    def impatient():
        def tell(share, _what):
            if share > 0.0:
                raise KeyboardInterrupt

        yield tell

    monkeypatch.setattr("solvent.cli.stress.progress_line", impatient)
    result = ran("stress", "--paths", "24", *SMALL, "--jobs", "1", "--json")
    assert result.exit_code == 0
    summary = json.loads(result.stdout)
    assert summary["partial"] is True
    assert 0 < summary["paths"] < 24
    assert "marked as partial" in result.stderr


def test_enough_is_enough():
    shocks = ["--shock", "crash:extreme", "--shock", "depth:extreme"]
    few = json.loads(ran("stress", "--paths", "4000", *QUICK, *shocks, "--until-se", "0.9", "--json").stdout)
    # two paths in a tail of one in a thousand are the least that knows its own error
    assert 2000 <= few["paths"] < 4000
    assert few["standard_errors"]["expected_shortfall_999"] <= 0.9 * few["expected_shortfall_999"]


def test_a_grid_is_a_table_of_shocks(tmp_path):
    out = tmp_path / "grid"
    words = ["stress", "--paths", "1", *QUICK, "--grid", "adverse"]
    told = json.loads(ran(*words, "--json", "--out", str(out)).stdout)
    assert json.loads((out / "grid.json").read_text()) == told
    singles = [row for row in told["rows"] if len(row["shocks"]) == 1]
    assert len(singles) + sum("+" not in name for name in told["left_out"]) == 11
    assert len(told["rows"]) + len(told["left_out"]) == 11 + 55


def test_a_target_out_of_reach_is_exit_3():
    result = ran(
        "reverse", "--target", "1e15", "-n", "100", "--horizon", "20m", "--evaluations", "8", "--max-distance", "1"
    )
    assert exit_code_of(result.exception) == 3
    assert "out of reach" in str(result.exception)


def test_a_report_has_every_panel_and_asks_nobody(tmp_path):
    """The whole folder once: twelve panels and an annex, each with a picture, numbers and where it comes from."""
    import polars as pl
    from tests.lab.worlds.test_questions import order

    from solvent.lab.worlds.panels import panels_of
    from solvent.lab.worlds.report import write_report
    from solvent.lab.worlds.stress import run_stress

    run = run_stress(order(accounts=60), 16)
    figures = write_report(tmp_path / "run", run)
    assert len(figures) == 14
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    for figure in figures:
        assert figure.title.split(". ")[1] in page
        assert (tmp_path / "run" / "figures" / f"{figure.key}.png").stat().st_size > 5_000
        assert pl.read_parquet(tmp_path / "run" / "figures" / f"{figure.key}.parquet").height > 0
    assert page.count(run.world.rulebook.digest[:12]) == 14
    assert page.count("standard error of ES 99.9 %") == 14
    assert "default-src 'none'" in page
    assert callable(panels_of)
    opened = ran("explain", str(tmp_path / "run"), "--path", str(run.summary["worst_path"]), "-a", "200", "--json")
    assert opened.exit_code in (0, 2), opened.output
