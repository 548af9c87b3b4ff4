"""Known incidents: every card reads, the quick ones are run here, the whole library by `solvent incidents`."""

import json
from decimal import Decimal

import pytest

from solvent.lab.incident import MEASURES, OTHERS, incident_ids, read_incident, rulebook_then, run_incident
from solvent.lab.scenario import ScenarioError

QUICK = (
    "i05-bzx-2020",
    "i13-solend-2022",
    "i14-mango-2022",
    "i20-kiloex-2025",
    "i22-hyperliquid-xpl-2025",
    "i25-popcat-2025",
    "i29-binance-act-2025",
    "i30-moonwell-2026",
    "i32-venus-the-2026",
    "i33-perppair-2026",
    "i34-sharwa-2026",
)


@pytest.mark.parametrize("name", incident_ids())
def test_every_card_reads_cites_its_sources_and_names_rules_that_load(name: str) -> None:
    incident = read_incident(name)
    assert incident.id == incident.scenario.name == name
    assert incident.scenario.sources
    assert incident.measure in MEASURES
    assert rulebook_then(incident.rulebook_then).stages
    assert not set(incident.may_pay) & set(OTHERS)
    # a record with a loss to match says so; one without says why, or that nothing was lost
    assert incident.thin or incident.loss > 0 or "nothing" in " ".join(incident.left_out) + incident.mechanism


def test_the_library_holds_at_least_twenty_and_a_control_day() -> None:
    assert len(incident_ids()) >= 20
    assert [name for name in incident_ids() if read_incident(name).quiet] == ["i18-august-2024"]


@pytest.mark.parametrize("name", QUICK)
def test_the_loss_is_reproduced_then_and_contained_now(name: str) -> None:
    outcome = run_incident(read_incident(name))
    assert outcome.reproduced is True, (outcome.loss_then, outcome.incident.loss)
    assert outcome.contained, outcome.why


def test_a_thin_record_is_held_to_what_it_knows_and_capital_is_told() -> None:
    outcome = run_incident(read_incident("i31-hyperliquid-october-2025"))
    assert outcome.reproduced is None
    assert abs(outcome.loss_then - outcome.incident.loss) < outcome.incident.loss / 100
    assert outcome.contained, outcome.why
    assert "owner_concentration" in outcome.refused_now
    assert outcome.extra_capital == round((outcome.initial_now - outcome.initial_then) * 100_000)


def test_mango_takes_the_depositors_money_then_and_nothing_now() -> None:
    outcome = run_incident(read_incident("i14-mango-2022"))
    assert outcome.loss_then > Decimal(100_000_000)
    assert outcome.paid_by_then["haircut_all"] > Decimal(100_000_000)
    assert "withdrawal_exceeds_free" in outcome.refused_now or outcome.loss_now == 0


def test_a_card_with_faults_tells_them_all(tmp_path) -> None:
    file = tmp_path / "odd.toml"
    card = read_text("i05-bzx-2020")
    for old, new in (("shortfall", "pride"), ('["attacker"]', '["x"]')):
        card = card.replace(f"= {old}" if "[" in old else f'"{old}"', f"= {new}" if "[" in new else f'"{new}"')
    file.write_text(card.replace('do = "withdraw"', 'do = "vanish"'))
    with pytest.raises(ScenarioError) as caught:
        read_incident(file)
    told = str(caught.value)
    for words in ("pride", "nobody here is called x", "vanish"):
        assert words in told


def test_an_interrupted_list_keeps_those_that_were_run(monkeypatch, capsys) -> None:
    from solvent.cli import incidents as command

    def run(incident, **_more):
        if incident.id == "i13-solend-2022":
            raise KeyboardInterrupt
        return run_incident(incident)

    monkeypatch.setattr(command, "run_incident", run)
    assert command.incidents_command(("i34-sharwa-2026", "i13-solend-2022"), False, 1, None, True) == 130
    told = capsys.readouterr()
    assert [row["id"] for row in json.loads(told.out)] == ["i34-sharwa-2026"]
    assert "1 of 2 incidents" in told.err


def read_text(name: str) -> str:
    from solvent.lab.incident import INCIDENTS

    return (INCIDENTS / f"{name}.toml").read_text(encoding="utf-8")
