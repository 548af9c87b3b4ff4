"""`solvent rulebook`: what it prints and how it leaves."""

import json
import sys

import pytest
from tests.small_replay import played

from solvent.cli import main as cli
from solvent.cli.replay import write_journal
from solvent.rulebook.document import preset_names, read_rulebook
from solvent.rulebook.reference import reference_page


@pytest.fixture
def run(monkeypatch, capsys):
    def ran(*words):
        monkeypatch.setattr(sys, "argv", ["solvent", "rulebook", *map(str, words)])
        try:
            cli.main()
            code = 0
        except SystemExit as left:
            code = int(left.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return ran


@pytest.fixture
def milder(tmp_path):
    """The default with a wider step for bitcoin's first bracket and one stage gone."""
    text = read_rulebook("solvent").text
    file = tmp_path / "milder.toml"
    file.write_text(text.replace("max_leverage = 50", "max_leverage = 30", 1), encoding="utf-8")
    return file


def test_show_says_every_slot_and_works_a_position(run) -> None:
    code, out, _err = run("show", "solvent")
    assert code == 0
    for title in ("Prices", "What an account must hold", "Who acts on a distressed account", "Who pays a shortfall"):
        assert f"\n{title}\n" in out
    assert "long 1 BTC at 60000" in out
    assert "initial requirement 1,200.000000 (2 % of notional)" in out
    assert "maintenance requirement 600.000000 (1 % of notional)" in out


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_said_in_words_and_worked_or_told_why_not(run, name) -> None:
    code, out, _err = run("show", name, "--json")
    answer = json.loads(out)
    assert code == 0
    titles = {passage["title"] for passage in answer["passages"]}
    assert {"What it is", "What an account must hold", "Who acts on a distressed account"} <= titles
    assert (answer["worked"] is None) == bool(answer["refused"])
    if answer["worked"] is not None:
        required = answer["worked"]["requirements_quanta"]
        assert required.get("maintenance", 0) <= required.get("initial", 0)


def test_show_answers_as_json_in_quanta(run) -> None:
    code, out, _err = run("show", "hyperliquid", "--market", "ETH", "--price", "2000", "--size", "-5", "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer["worked"]["notional_quanta"] == 10_000 * 10**6
    assert answer["worked"]["requirements_quanta"] == {"initial": 400 * 10**6, "maintenance": 200 * 10**6}
    assert answer["worked"]["lines"]["bankruptcy"] is not None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "solvant"), "Did you mean `solvent`?"),
        (("show", "solvent", "--price", "sixty"), "is not a number"),
        (("show", "solvent", "--price", "0"), "above zero"),
        (("show", "solvent", "--size", "0.0000001"), "not a multiple"),
        (("show", "solvent", "--size", "1e12"), "too large"),
        (("diff", "solvent", "hyperliquit"), "hyperliquid"),
    ],
)
def test_bad_input_is_told_with_what_to_do(run, words, said) -> None:
    code, _out, err = run(*words)
    assert code == 2
    assert said in err


def test_validate_tells_every_fault_with_its_line(run, tmp_path) -> None:
    text = (
        read_rulebook("solvent")
        .text.replace('kind = "par"', 'kind = "pear"')
        .replace("default_w = 1", "default_w = -1")
    )
    file = tmp_path / "faulty.toml"
    file.write_text(text, encoding="utf-8")
    code, out, err = run("validate", file)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 2
    assert all(line.startswith("faulty.toml:") for line in err.strip().splitlines())
    code, out, _err = run("validate", file, "--json")
    answer = json.loads(out)
    assert (code, answer["valid"], len(answer["faults"])) == (2, False, 2)
    assert all(fault["line"] and fault["remedy"] for fault in answer["faults"])


def test_validate_passes_what_ships(run) -> None:
    code, out, err = run("validate", "solvent")
    assert (code, err) == (0, "")
    assert "no fault" in out


def test_diff_of_one_with_itself_is_nothing(run) -> None:
    code, out, _err = run("diff", "solvent", "solvent")
    assert (code, out.strip()) == (0, "the two say the same")


def test_diff_tells_the_change_its_steps_and_its_effect(run, milder) -> None:
    words = ("diff", "solvent", milder, "--on", "2025-10-10", "--accounts", "300", "--no-harm")
    code, out, _err = run(*words, "--json")
    answer = json.loads(out)
    (change,) = answer["differences"]
    assert change["path"] == "margin.schedule[tiers].brackets.BTC[0].max_leverage"
    assert (change["before"], change["after"]) == (50, 30)
    assert change["steps"] > 1
    effect = answer["effect"]
    assert effect["accounts"] > 200
    assert effect["maintenance_quanta"]["after"] > effect["maintenance_quanta"]["before"]
    assert code == (1 if effect["become_liquidatable"] else 0)
    code, out, _err = run(*words)
    assert "steps of at most 20 %" in out
    assert f"become liquidatable: {effect['become_liquidatable']}" in out


def test_diff_judges_the_snapshot_a_journal_leads_to(run, milder, tmp_path) -> None:
    story = played(accounts=60)
    write_journal(tmp_path / "kept" / "journal", story)
    code, out, _err = run("diff", "solvent", milder, "--on", tmp_path / "kept", "--json")
    effect = json.loads(out)["effect"]
    state = story.engine.state
    held = [row for row in range(int(state.venue[0].account_count)) if state.accounts[row].position_count > 0]
    assert code == 0
    assert 0 < effect["accounts"] <= len(held)
    code, _out, err = run("diff", "solvent", milder, "--on", tmp_path)
    assert code in (2, 3)
    assert err


def test_docs_prints_and_writes_the_reference(run, tmp_path) -> None:
    code, out, _err = run("docs")
    assert (code, out) == (0, reference_page())
    file = tmp_path / "page.md"
    assert run("docs", "--out", file)[0] == 0
    assert file.read_text(encoding="utf-8") == out
    assert run("docs", "--out", tmp_path / "no" / "page.md")[0] == 2
