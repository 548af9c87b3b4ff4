"""Rulebooks on the same simulated days: the table in words, a picture per measure, and what chance may explain."""

from typing import Any

import pytest

from solvent.lab.paired import TITLES, figure_of, page_of, pictures, rows_of


def gap(value: float, reach: float) -> dict[str, float]:
    return {"value": value, "error": reach / 2, "low": value - reach, "high": value + reach}


@pytest.fixture
def result() -> dict[str, Any]:
    def row(name: str, first: float, second: float, reach: float) -> dict[str, Any]:
        return {"name": name, "first": first, "second": second, "difference": gap(second - first, reach)}

    return {
        "schema": "paired/1",
        "paths": 24,
        "seed": 1,
        "confidence": 0.95,
        "rulebooks": ["solvent", "<b>hyperliquid"],
        "currency": "USDC",
        "differences": {
            "<b>hyperliquid": [
                row("shortfall", 0.0, 0.0, 0.0),
                row("liquidated", 539_790.0, 8_549_400.0, 6_800_000.0),
                row("penalties", 1_570.3, 0.0, 2_246.0),
                row("flagged", 1.7083, 7.1667, 5.2),
                row("expected_shortfall_95", 0.0, float("nan"), float("nan")),
            ]
        },
    }


def test_means_are_words_a_person_reads(result: dict[str, Any]) -> None:
    rows = rows_of(result)
    assert rows[1] == (
        "Liquidated notional",
        "539,790",
        "<b>hyperliquid",
        "8.549 million",
        "8.01 million",
        "1.21 million to 14.81 million",
    )
    assert rows[3][1] == "1.708"
    assert rows[4][3] == "-"
    assert figure_of("penalties", -1570.3) == "-1,570"


def test_every_measure_has_a_picture_or_a_sentence(result: dict[str, Any]) -> None:
    found = {picture.key: picture for picture in pictures(result)}
    assert found["shortfall"].figure is None
    assert "Told apart: <b>hyperliquid" in found["liquidated"].caption
    assert "Chance alone" in found["penalties"].caption
    figure = found["liquidated"].figure
    assert figure is not None
    bar = figure["data"][0]
    assert bar["error_x"]["array"] == [0.0, 6_800_000.0]
    assert len(TITLES) == 8


def test_the_page_escapes_names_and_asks_nobody(result: dict[str, Any]) -> None:
    page = page_of(result)
    assert page.startswith("<!doctype html>")
    assert "&lt;b&gt;hyperliquid" in page
    assert "<b>hyperliquid" not in page.split("<script", 1)[0]
    assert "24 simulated days under 2 rulebooks" in page
