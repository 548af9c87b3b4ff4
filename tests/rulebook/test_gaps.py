"""The page of presets is what the presets say."""

from pathlib import Path

from solvent.rulebook.gaps import page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "presets.md"


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m solvent.rulebook.gaps > docs/presets.md"
