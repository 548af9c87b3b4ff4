"""Several rulebooks side by side: one book, one path, and nothing in the table that the runs do not say."""

import json

import pytest
from tests.small_replay import played, small_story

from solvent.lab.comparison import MEASURES, compare, names_of, page_of, payers, pictures, rows_of, told
from solvent.lab.measures import summarise
from solvent.rulebook.document import RulebookError, parse_rulebook, read_rulebook

NAMES = ("solvent", "hyperliquid", "binance_usdm")


@pytest.fixture(scope="module")
def found():
    return compare(small_story(), [read_rulebook(name) for name in NAMES], seed=1, accounts=120)


def test_all_start_from_one_book_and_leave_their_laws_whole(found) -> None:
    assert found.same_book
    assert found.names == NAMES
    for summary in found.summaries:
        assert all(summary["checks"].values())
        assert summary["capital_posted_quanta"] >= summary["initial_required_quanta"] > 0


def test_a_column_is_the_replay_of_its_rulebook(found) -> None:
    alone = summarise(played(rulebook="hyperliquid"))
    beside = found.summaries[1]
    for key in ("digest", "liquidated_notional_quanta", "paid_quanta", "adl"):
        assert beside[key] == alone[key], key


def test_the_answer_is_plain_and_its_parts_sum(found) -> None:
    answer = json.loads(json.dumps(found.as_json()))
    assert [one["name"] for one in answer["rulebooks"]] == list(NAMES)
    for one in answer["rulebooks"]:
        assert sum(one["paid_quanta"].values()) + one["open_deficit_quanta"] == one["shortfall_quanta"]
        for measure in MEASURES:
            assert measure.key in one or f"{measure.key}_quanta" in one


def test_the_page_holds_table_and_pictures_and_asks_nobody_for_anything(found) -> None:
    page = page_of(found)
    assert told(found) in page
    for title, cells in rows_of(found, exact=True):
        assert title.strip().capitalize()[:10].lower() in page.lower()
        assert all(cell in page for cell in cells)
    drawn = pictures(found)
    assert [picture.key for picture in drawn] == [
        "liquidated_notional",
        "shortfall",
        "paid",
        "adl_notional",
        "capital_posted",
    ]
    head = page[: page.index("<script>")]
    assert "http://" not in head
    assert "https://" not in head
    assert "default-src 'none'" in page


def test_who_paid_is_who_paid_anything(found) -> None:
    for name in payers(found):
        assert any(summary["paid_quanta"][name] for summary in found.summaries)


def test_one_with_itself_is_equal_and_told_apart() -> None:
    book = read_rulebook("solvent")
    twice = compare(small_story(), [book, book], seed=3, accounts=40)
    assert twice.names == ("solvent", "solvent (2)")
    assert twice.summaries[0]["digest"] == twice.summaries[1]["digest"]
    assert names_of([book, book, book]) == ("solvent", "solvent (2)", "solvent (3)")


def test_rulebooks_that_do_not_fit_are_told_together() -> None:
    text = read_rulebook("solvent").text
    start = text.index("default = [")
    lean = text[:start] + "".join(text[text.index("\n", start) + 1 :])
    books = [parse_rulebook(lean.replace("SOL = [", f"{base} = ["), f"{base}.toml") for base in ("ABC", "DEF")]
    with pytest.raises(RulebookError) as caught:
        compare(small_story(), books, accounts=10)
    assert {fault.path.split(":")[0] for fault in caught.value.faults} == {"ABC", "DEF"}
    with pytest.raises(RulebookError, match="Name 2 to"):
        compare(small_story(), [read_rulebook("solvent")])
