"""`solvent clear`: files in, a clearing out, faults all at once."""

import json

import pytest
from typer.testing import CliRunner

from solvent.cli.main import app
from solvent.rulebook.faults import RulebookError

OWED = (
    *("a,b,30", "a,c,20", "a,world,20", "b,a,10", "b,c,20", "b,d,10", "b,world,10"),
    *("c,b,15", "c,d,25", "c,world,20", "d,a,5", "d,c,10", "d,world,5"),
)
DEBTS = "debtor,creditor,amount\n" + "\n".join(OWED)
ASSETS = "protocol,amount\na,10\nb,20\nc,5\nd,40\n"


@pytest.fixture
def files(tmp_path):
    for name, text in (("debts.csv", DEBTS), ("assets.csv", ASSETS)):
        (tmp_path / name).write_text(text)
    return ["--liabilities", str(tmp_path / "debts.csv"), "--assets", str(tmp_path / "assets.csv")]


def asked(*options):
    return CliRunner().invoke(app, ["clear", *options])


def test_a_fund_of_twenty_saves_the_second(files):
    told = json.loads(asked(*files, "--fund", "20", "--json").stdout)
    assert told["top_up_rate"] == pytest.approx(0.342123563, abs=1e-8)
    assert told["rounds"] == [["a", "c"], ["a", "b", "c"]]
    second = told["protocols"][1]
    assert second["equity_with_fund"] == pytest.approx(0.09889009, abs=1e-7)
    assert sum(told["contributions"].values()) == pytest.approx(told["full_cover"])


def test_a_table_and_an_exit_code(files):
    result = asked(*files, "--fund", "20", "--fail-on-short")
    assert result.exit_code == 2
    assert "defaults in 2 rounds" in result.stdout
    assert asked(*files, "--fund", "60", "--fail-on-short").exit_code == 0


@pytest.mark.parametrize(
    ("debts", "assets", "options", "words"),
    [
        ("debtor,creditor,amount\nx,a,1\n", ASSETS, [], ["x has no assets"]),
        ("who,whom\n1,2\n", "name,amount\na,1\n", [], ["debtor is missing", "protocol is missing"]),
        ("debtor,creditor,amount\na,a,1\n", ASSETS, [], ["owes itself"]),
        (DEBTS, "protocol,amount\na,1\na,2\n", [], ["there twice"]),
        (DEBTS, "protocol,amount\na,one\n", [], ["no numbers"]),
        (DEBTS, ASSETS, ["--rv", "half"], ["no two shares"]),
        (DEBTS, ASSETS, ["--rv", "1.5,1"], ["between 0 and 1"]),
    ],
)
def test_faults_are_told_together(tmp_path, debts, assets, options, words):
    (tmp_path / "debts.csv").write_text(debts)
    (tmp_path / "assets.csv").write_text(assets)
    result = asked("-l", str(tmp_path / "debts.csv"), "-a", str(tmp_path / "assets.csv"), *options)
    assert isinstance(result.exception, RulebookError)
    for word in words:
        assert word in str(result.exception)
