"""The reference page says what the declarations say, for every parameter, and the committed page is the current one."""

from pathlib import Path

import pytest

from solvent.rulebook.reference import duration, reference_page
from solvent.rulebook.schema import PARAMETERS
from solvent.rulebook.schema.change import FAMILIES, change_rule

PAGE = Path(__file__).resolve().parents[2] / "docs" / "rulebook-reference.md"


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference_page(), (
        "run: solvent rulebook docs > docs/rulebook-reference.md"
    )


def test_every_parameter_has_one_row_with_its_reason() -> None:
    rows = [line for line in reference_page().splitlines() if line.startswith("| `")]
    assert len(rows) == len(PARAMETERS)
    for parameter, row in zip(PARAMETERS, rows, strict=True):
        assert row.startswith(f"| `{parameter.path}` |")
        assert parameter.why.replace("|", "\\|").replace("\n", " ") in row
        assert row.count(" | ") == 7


def test_every_family_is_one_of_a_parameter_and_gives_a_reason() -> None:
    paths = [parameter.path for parameter in PARAMETERS]
    for family, rule in FAMILIES.items():
        assert rule.why
        assert rule.notice_ms >= 0
        assert not family or any(path == family or path.startswith((family + ".", family + "[")) for path in paths), (
            family
        )


@pytest.mark.parametrize(
    ("path", "family"),
    [
        ("margin.schedule[].brackets.*[].mmr_ppm", "margin"),
        ("margin.level[].scale_ppm", "margin"),
        ("limits.limit[].cap", "limits"),
        ("lossy", ""),
    ],
)
def test_the_longest_family_wins(path, family) -> None:
    assert change_rule(path) is FAMILIES[family]


def test_a_time_is_told_in_its_largest_whole_unit() -> None:
    assert [duration(ms) for ms in (0, 500, 1000, 60_000, 3_600_000, 259_200_000)] == [
        "at once",
        "500 ms",
        "1 second",
        "1 minute",
        "1 hour",
        "3 days",
    ]
