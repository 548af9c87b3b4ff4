"""What the page about the lab shows from Python runs as it stands, on fewer paths and people."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "lab.md"


def test_the_code_of_the_page_runs():
    section = PAGE.read_text(encoding="utf-8").partition("## From Python")[2].partition("\n## ")[0]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ")]
    code = "\n".join(lines)
    assert "run_stress" in code
    for large, small in (("accounts=2000", "accounts=60"), ("horizon_s=7200", "horizon_s=1800"), (", 200)", ", 8)")):
        assert large in code
        code = code.replace(large, small)
    code = code.replace('side="up")', 'side="up", evaluations=16, shrink=False)')
    names: dict[str, object] = {}
    exec(compile(code, str(PAGE), "exec"), names)
    assert [figure.key for figure in names["figures"]][:2] == ["verdict", "waterfall"]
    assert re.search("<table>", names["run"]._repr_html_())
    assert names["figures"][0]._repr_png_()[:4] == b"\x89PNG"
