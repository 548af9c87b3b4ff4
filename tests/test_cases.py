"""The acceptance cases of tests/cases: each is a story in the words of the trade, and its title carries its code."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.story import CASES, CaseFailed, Story, digests, played, read_case

CODE = re.compile(r"^[A-Z]{3}-\d{3} ")


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_case(file) -> None:
    played(file)


def test_every_case_has_a_code_of_its_own_and_it_is_the_name_of_its_file() -> None:
    titles = {file.stem: read_case(file)["title"] for file in CASES}
    assert [stem for stem, title in titles.items() if not CODE.match(title)] == []
    assert [stem for stem, title in titles.items() if not stem.upper().startswith(title[:7])] == []
    assert [code for code, count in Counter(title[:7] for title in titles.values()).items() if count > 1] == []
    assert len(CASES) >= 25


def test_a_case_that_goes_otherwise_says_what_was_expected_got_and_told() -> None:
    document = read_case(CASES[0])
    steps = [{"deposit": 5, "into": "anna"}, {"expect_account": "anna", "wallet": 1}]
    given = {"rulebook": "plain", "accounts": {"anna": {"deposit": 10}}}
    with pytest.raises(CaseFailed, match=re.escape("expected {'wallet': '1'}\n  got      {'wallet': '15'}")) as caught:
        Story({**document, "given": given}).play(steps)
    assert "'told': 'deposited', 'who': 'anna', 'amount': '5'" in str(caught.value)


def test_a_refusal_nobody_expected_fails_the_case() -> None:
    given = {"rulebook": "plain", "accounts": {"anna": {"deposit": 10}}}
    with pytest.raises(CaseFailed, match="expected accepted\n  got      refused as account_is_system"):
        Story({"title": "-", "given": given}).play([{"deposit": 5, "into": "venue_fund"}])
    with pytest.raises(CaseFailed, match="expected refused as self_trade\n  got      accepted"):
        Story({"title": "-", "given": given}).play([{"deposit": 5, "into": "anna", "refused": "self_trade"}])


def test_every_case_ends_in_the_same_state_without_the_compiler() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "tests.story"],
        cwd=Path(__file__).parent.parent,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert json.loads(answer.stdout) == digests()
