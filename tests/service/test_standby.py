"""A standby follows block by block, is refused a wrong digest, and takes over by the right one."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from tests.service.running import BTC, VENUE, open_market, running

from solvent.cli.journal import backup_place, export_place, verify_place
from solvent.commands import COMMAND_DTYPE
from solvent.engine.engine import Engine
from solvent.engine.faults import DirectoryLocked, DirectoryUnusable
from solvent.engine.journal import Journal
from solvent.engine.postgres import PostgresJournal
from solvent.rulebook.document import read_rulebook
from solvent.service.client import ServiceProblem
from solvent.service.opening import create_venue, open_venue
from solvent.service.serve import Settings
from solvent.service.standby import HttpSource, Standby, source_of


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def follow(source, directory, keys):
    standby = Standby(source, directory)
    return running(directory, Settings(port=0), standby.attach, keys, opened=standby.opened)


@pytest.mark.parametrize("over", ["directory", "http"])
def test_a_standby_takes_over_by_digest(tmp_path, over):
    primary = tmp_path / "primary"
    with running(primary) as run:
        buyer, seller = open_market(run)
        keys = run.keys
        source = source_of(str(primary)) if over == "directory" else HttpSource(run.url, keys["auditor"])
        with follow(source, tmp_path / "standby", keys) as standby:
            with run.client() as venue:
                assert venue.trade(buyer, seller, BTC, "1", "100000").accepted
                kept = venue.submit([{"kind": "deposit", "account": buyer, "amount": "3"}], "before")
            reached = run.service.gateway.engine
            assert until(lambda: standby.service.gateway.engine.sequence >= reached.sequence - 1)
            with standby.client("observer") as observer:
                assert observer._http.get("/ready").json()["error"]["code"] == "standing_by"
                assert observer.account(buyer).positions[0].size == "1.0000"
            with standby.client() as venue, pytest.raises(ServiceProblem):
                venue.deposit(buyer, "1")
            with standby.client("admin") as admin, pytest.raises(ServiceProblem) as told:
                admin.post("/v1/takeover", {"digest": "00"})
            assert told.value.code == "primary_alive"
            run.stop()
            digest = reached.digest()
            with standby.client("admin") as admin:
                with pytest.raises(ServiceProblem) as told:
                    admin.post("/v1/takeover", {"digest": "00"})
                assert told.value.code == "digest_differs"
                assert admin.post("/v1/takeover", {"digest": digest})["status"] == "ok"
            with standby.client() as venue:
                assert venue.deposit(buyer, "1").accepted
                again = venue.submit([{"kind": "deposit", "account": buyer, "amount": "3"}], "before")
                assert (again.duplicate, again.answers) == (True, kept.answers)
            if over == "directory":
                with pytest.raises(DirectoryLocked):
                    open_venue(primary)


def server_programs():
    """initdb and postgres, on the path or where Debian puts them."""
    found = shutil.which("initdb")
    if found is None:
        listed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        found = str(listed[-1]) if listed else None
    return Path(found).resolve().parent if found else None


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    programs = server_programs()
    if programs is None or not (programs / "postgres").exists():
        pytest.skip("no PostgreSQL server on this machine: the log in a database is not tried")
    pytest.importorskip("psycopg", reason="psycopg is not installed: the log in a database is not tried")
    place = Path(tempfile.mkdtemp(prefix="solvent-pg-", dir="/tmp"))
    user = {}
    if os.geteuid() == 0:
        # the server refuses to be root's
        shutil.chown(place, "nobody")
        user = {"user": "nobody", "cwd": place}
    data = place / "data"
    subprocess.run([programs / "initdb", "-D", data, "-A", "trust", "-U", "solvent", "--no-sync"], check=True,
                   capture_output=True, **user)  # fmt: skip
    server = subprocess.Popen(
        [programs / "postgres", "-D", data, "-k", place, "-c", "listen_addresses="],
        stderr=subprocess.DEVNULL,
        **user,
    )
    address = f"host={place} user=solvent dbname=postgres"
    import psycopg

    for _ in range(200):
        try:
            psycopg.connect(address, connect_timeout=1).close()
            break
        except psycopg.OperationalError:
            time.sleep(0.05)
    yield address
    server.send_signal(signal.SIGINT)  # fast: it does not wait for readers
    server.wait(20)
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def empty(database):
    import psycopg

    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS solvent CASCADE")
    return database


def test_the_log_in_a_database_is_the_same_log(empty, tmp_path):
    with pytest.raises(DirectoryUnusable):
        PostgresJournal.open(empty, COMMAND_DTYPE)
    rules = read_rulebook("solvent")
    now = time.time_ns()
    opened = create_venue(tmp_path / "here", VENUE, rules.text, rules.name, now, empty)
    digest, head = opened.engine.digest(), opened.engine.journal.head_hash
    with pytest.raises(DirectoryLocked):
        PostgresJournal.open(empty, COMMAND_DTYPE)
    with PostgresJournal.open(empty, COMMAND_DTYPE, read_only=True) as reader:
        assert reader.verify().head_hash == head
        # the same blocks in a file have the same hashes
        with Journal.create(tmp_path / "file", COMMAND_DTYPE, reader.genesis, reader.created) as journal:
            for entry in reader.entries():
                journal.append(entry.records, entry.time_ns, entry.notes)
            assert journal.head_hash == head
    opened.engine.close()
    again = open_venue(tmp_path / "here", empty)
    assert (again.engine.digest(), again.engine.journal.head_hash) == (digest, head)
    again.engine.close()
    with Engine.open(tmp_path / "file", read_only=True) as engine:
        assert engine.digest() == digest


def test_a_block_that_was_changed_in_the_database_is_noticed(empty, tmp_path):
    import psycopg

    from solvent.engine.faults import JournalCorrupt

    rules = read_rulebook("solvent")
    create_venue(tmp_path / "here", VENUE, rules.text, rules.name, time.time_ns(), empty).engine.close()
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("UPDATE solvent.blocks SET notes = 'x' WHERE first_sequence = 1")
    with PostgresJournal.open(empty, COMMAND_DTYPE, read_only=True) as reader, pytest.raises(JournalCorrupt):
        reader.verify()


def test_a_follower_of_the_database_takes_over(empty, tmp_path):
    rules = read_rulebook("solvent")
    opened = create_venue(tmp_path / "here", VENUE, rules.text, rules.name, time.time_ns() - 10**9, empty)
    with running(tmp_path / "here", opened=opened) as run, follow(source_of(empty), None, run.keys) as standby:
        with run.client() as venue:
            account = venue.venue()["next_account"]
            assert venue.open_account(account, 5).accepted
        run.stop()
        digest = run.service.gateway.engine.digest()
        with standby.client("admin") as admin:
            assert admin.post("/v1/takeover", {"digest": digest})["status"] == "ok"
        with standby.client() as venue:
            assert venue.deposit(account, "5").accepted


def test_history_and_blocks_of_a_log_in_a_database_are_told_over_the_interface(empty, tmp_path):
    import msgspec

    rules = read_rulebook("solvent")
    opened = create_venue(tmp_path / "here", VENUE, rules.text, rules.name, time.time_ns() - 10**9, empty)
    with running(tmp_path / "here", opened=opened) as run:
        open_market(run)
    head = run.service.gateway.head_hash
    again = open_venue(tmp_path / "here", empty)
    with running(tmp_path / "here", opened=again, keys=run.keys) as second:
        assert second.service.hub.oldest_sequence > 1, "a restart forgets what is on disk"
        with second.client("observer") as observer:
            told = observer.get("/v1/events?from=1&limit=10000")
        kinds = [event["kind"] for event in told["events"]]
        assert (kinds.count("instrument_listed"), kinds.count("deposited")) == (3, 2)
        with second.client("auditor") as auditor:
            answer = auditor._http.get("/v1/journal/blocks", params={"from": 1, "limit": 1024})
            genesis = msgspec.msgpack.decode(auditor._http.get("/v1/journal/genesis").content)[1]
        blocks = msgspec.msgpack.decode(answer.content)
        assert genesis == again.engine.journal.genesis
        assert head in [block[5] for block in blocks]
        assert [block[4] for block in blocks[1:]] == [block[5] for block in blocks[:-1]]


def test_a_live_journal_is_backed_up_restored_and_written_out(tmp_path, capsys):
    with running(tmp_path / "venue") as run:
        open_market(run)
        backup_place(str(tmp_path / "venue"), tmp_path / "backup", True)
    backup_place(str(tmp_path / "backup"), tmp_path / "restored", True)
    capsys.readouterr()
    verify_place(str(tmp_path / "restored"), True)
    assert '"money_conserved":true' in capsys.readouterr().out
    for name in ("all.jsonl", "all.parquet"):
        export_place(str(tmp_path / "restored"), tmp_path / name, 1, 2**62, True)
    lines = (tmp_path / "all.jsonl").read_text().splitlines()
    assert '"actor":"a gateway","key"' in next(line for line in lines if '"deposit"' in line)
    import polars

    assert polars.read_parquet(tmp_path / "all.parquet").height == len(lines)
    with running(tmp_path / "restored", keys=run.keys) as again, again.client("observer") as observer:
        assert observer.get("/v1/digest")["sequence"] >= len(lines)
