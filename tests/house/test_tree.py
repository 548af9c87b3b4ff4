"""What lies in the tree: names that say something, nothing large, no host, no one's home folder, every hash."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-all.lock", "bootstrap.lock")

DRAWERS = frozenset({"utils", "util", "helpers", "helper", "common", "base", "misc", "core", "shared", "lib", "stuff"})
BYTES_MAX = 1_000_000
TEXT = frozenset({".py", ".md", ".toml", ".lock", ".txt", ".yml", ".yaml", ".json", ".csv", ".svg", ".html", ""})

# Written in pieces, so that this file does not find itself.
HOSTS = re.compile("|".join(["py" + r"pi\.org", "python" + "hosted", "index" + "-url", "find" + "-links"]), re.I)
HOMES = re.compile(r"(?<![\w.~])/(?:" + "|".join(["ro" + "ot", "ho" + "me", "Us" + "ers"]) + r")/\w")


def tracked() -> list[Path]:
    """Files under version control; of an unpacked archive, the sources."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = listed.stdout.split("\0") if listed.returncode == 0 else [str(file) for file in (ROOT / "src").rglob("*")]
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


FILES = tracked()


def test_there_is_something_to_look_at() -> None:
    assert len(FILES) > 20


def test_no_drawers() -> None:
    for file in FILES:
        parts = {part.split(".")[0].lower() for part in file.relative_to(ROOT).parts}
        assert not parts & DRAWERS, file


def test_nothing_large() -> None:
    assert [file for file in FILES if file.stat().st_size > BYTES_MAX] == []


def test_no_host_of_a_package_index_and_no_home_folder() -> None:
    found = []
    for file in FILES:
        if file.suffix in TEXT:
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
                if HOSTS.search(line) or HOMES.search(line):
                    found.append(f"{file.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert found == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_a_hash_and_none_a_host(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    requirements = re.split(r"\n(?=\S)", text.strip())
    for requirement in requirements:
        assert re.match(r"[a-z0-9-]+==[^ ]+", requirement), requirement
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", requirement), requirement


def named(requirement: str) -> str:
    """The package a requirement asks for."""
    return re.split(r"[<>=\[ ]", requirement)[0]


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = [line for extra in project["project"]["optional-dependencies"].values() for line in extra]
    for lock, asked in ((LOCKS[0], []), (LOCKS[1], extras)):
        text = (ROOT / lock).read_text(encoding="utf-8")
        locked = dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", text, re.MULTILINE))
        missing = {named(line) for line in [*project["project"]["dependencies"], *asked]} - set(locked)
        assert missing == set(), lock
        backend = project["build-system"]["requires"]
        assert backend == project["dependency-groups"]["build"] == [f"hatchling=={locked['hatchling']}"]


def test_the_readme_and_the_build_run_the_same_line() -> None:
    line = "./setup --all && .venv/bin/python -m pytest -q"
    assert f"\n{line}\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert line in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_version_is_told_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert f'__version__ = "{project["project"]["version"]}"' in (ROOT / "src/solvent/__init__.py").read_text("utf-8")
