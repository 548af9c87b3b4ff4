"""Nothing that was answered is lost, nothing is carried out twice, and what cannot be kept is not taken."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from tests.service.running import VENUE, open_market, running

from solvent.commands import COMMAND_DTYPE
from solvent.engine.engine import Engine
from solvent.engine.faults import JournalCorrupt, JournalFull, JournalTruncated
from solvent.engine.journal import Journal
from solvent.rulebook.document import read_rulebook
from solvent.service.client import Client, ServiceProblem
from solvent.service.desk import NOTES_DECODER
from solvent.service.history import Wanted, events_between
from solvent.service.keys import make_key
from solvent.service.opening import add_key, create_venue, open_venue
from solvent.service.roles import Role


def test_a_restart_remembers_state_answers_keys_and_worklists(tmp_path):
    with running(tmp_path) as run:
        keys = run.keys
        buyer, seller = open_market(run)
        with run.client() as venue:
            first = venue.submit([{"kind": "deposit", "account": buyer, "amount": "7"}], "kept")
            refused = venue.submit([{"kind": "withdraw", "account": buyer, "amount": "9999999"}], "no")
        desk = run.service.opened.desk
        before = (run.service.gateway.engine.state.accounts.wallet_quanta[buyer], desk.worklist_hash)
    # once more from the snapshot the stop has written, once from the journal alone
    for without_snapshot in (False, True):
        if without_snapshot:
            for path in tmp_path.glob("snapshot-*"):
                path.unlink()
        with running(tmp_path, keys=keys) as again:
            desk = again.service.opened.desk
            assert (again.service.gateway.engine.state.accounts.wallet_quanta[buyer], desk.worklist_hash) == before
            with again.client() as venue:
                assert venue.submit([{"kind": "deposit", "account": buyer, "amount": "7"}], "kept") == first.__class__(
                    first.id, first.first_sequence, True, first.answers
                )
                once = venue.submit([{"kind": "withdraw", "account": buyer, "amount": "9999999"}], "no")
                assert once.answers == refused.answers
            assert again.call(again.service.gateway.engine.digest)
    with Engine.open(tmp_path, read_only=True) as engine:
        digest = engine.digest()
    for path in tmp_path.glob("snapshot-*"):
        path.unlink()
    with Engine.open(tmp_path, read_only=True) as engine:
        assert engine.digest() == digest


def test_the_journal_says_who_asked(tmp_path):
    with running(tmp_path) as run:
        buyer, _seller = open_market(run)
        with run.client() as venue:
            answer = venue.submit([{"kind": "deposit", "account": buyer, "amount": "1"}], "mine")
    with Journal.open(tmp_path, COMMAND_DTYPE, read_only=True) as journal:
        for entry in journal.entries(answer.first_sequence):
            notes = NOTES_DECODER.decode(entry.notes)
            found = [note for note in notes if note.id == "mine"]
            assert [(note.actor, note.role, note.count) for note in found] == [("a gateway", "gateway", 1)]
            break


def test_events_older_than_memory_come_from_the_journal(tmp_path):
    with running(tmp_path) as run:
        keys = run.keys
        open_market(run)
        kept = [tuple(event) for _a, _b, events in run.service.hub.kept(1) for event in events]
    newest = max(event[0] for event in kept)
    found = events_between(Wanted(str(tmp_path), str(tmp_path), 1, newest))
    assert [tuple(event) for event in found if event["sequence"] >= kept[0][0]] == kept
    with running(tmp_path, keys=keys) as run, run.client("observer") as observer:
        page = observer.get("/v1/events", **{"from": 1, "limit": 5})
        told = found[found["sequence"] < page["next"]]["sequence"].tolist()
        assert [event["sequence"] for event in page["events"]] == told
        assert len(told) >= 5
        assert page["events"][0]["kind"] == "instrument_listed"
        frames = observer.events(from_sequence=1, wait_s=20)
        assert next(frames)["events"][0]["sequence"] == 1


def test_a_full_disk_halts_and_takes_nothing_more(tmp_path):
    with running(tmp_path) as run:
        buyer, _seller = open_market(run)
        engine = run.service.gateway.engine
        kept, wallets = engine.keep, engine.state.accounts.wallet_quanta.copy()

        def full(records, notes=b""):
            raise JournalFull("a block could not be committed: no room", tmp_path)

        engine.keep = full
        with run.client() as venue, run.client("observer") as observer:
            told = []
            digests = []  # taken when it has halted: until then a batch that was on the disk before may come, the time's
            for _ in range(2):
                with pytest.raises(ServiceProblem) as problem:
                    venue.deposit(buyer, "1")
                told.append((problem.value.status, problem.value.code))
                digests.append(run.call(engine.digest))
            assert engine.state.accounts.wallet_quanta.tolist() == wallets.tolist()
            assert digests[0] == digests[1]
            assert told == [(503, "halted")] * 2
            assert observer._http.get("/health").json()["fault"] == "JournalFull"
            assert observer._http.get("/ready").status_code == 503
            # what is true can still be read
            assert observer.get("/v1/digest")["digest"] == digests[1]
        engine.keep = kept


SERVE = "import sys; from solvent.cli.main import main; sys.argv[0] = 'solvent'; main()"


def start(directory, *more):
    """A real process; gives it and its address."""
    arguments = [sys.executable, "-c", SERVE, "serve", "--data", str(directory), "--port", "0", *more]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in process.stdout:
        if " at http" in line:
            return process, line.split(" at ")[1].strip().rstrip("/")
    raise AssertionError(f"the process ended with {process.wait()}")


def test_killed_at_any_moment_it_loses_nothing_that_was_answered(tmp_path):
    rules = read_rulebook("solvent")
    opened = create_venue(tmp_path, VENUE, rules.text, rules.name, time.time_ns())
    key, text = make_key("venue", Role.GATEWAY, opened.venue.name, (), 1_000_000)
    add_key(opened.engine, opened.desk, key, "a test", time.time_ns())
    opened.engine.close()
    answered = []
    account = 0
    process, url = start(tmp_path)
    with Client(url, text) as venue:
        account = venue.venue()["next_account"]
        assert venue.open_account(account, 1).accepted

    def deposit():
        with Client(url, text) as mine:
            for number in range(100_000):
                name = f"{threading.get_ident()}-{number}"
                try:
                    got = mine.submit([{"kind": "deposit", "account": account, "amount": "1"}], name)
                except Exception:  # noqa: BLE001 - the process was killed; whatever that looks like
                    return
                answered.append((name, got.first_sequence))

    threads = [threading.Thread(target=deposit) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.7)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    for thread in threads:
        thread.join()
    assert len(answered) > 20
    process, url = start(tmp_path)
    try:
        # this process holds the directory: another is refused, and told why
        second = [sys.executable, "-c", SERVE, "serve", "--data", str(tmp_path), "--port", "0"]
        refused = subprocess.run(second, capture_output=True, text=True, check=False)
        assert (refused.returncode, "in use by process" in refused.stderr) == (3, True)
        with Client(url, text) as venue:
            for name, sequence in answered[:: max(len(answered) // 50, 1)]:
                again = venue.submit([{"kind": "deposit", "account": account, "amount": "1"}], name)
                assert (again.duplicate, again.first_sequence) == (True, sequence)
            wallet = float(venue.account(account).wallet)
            assert wallet >= len(answered)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        process.stdout.close()
    assert list(tmp_path.glob("snapshot-*")), "a graceful stop writes a snapshot"
    with Engine.open(tmp_path, read_only=True) as engine:
        assert int(engine.state.accounts.wallet_quanta[account]) == int(wallet) * 10**6


FAULTY = """
import signal
from solvent.lab.crash.shim import Shim
from solvent.cli.main import main
import sys
shim = Shim()
signal.signal(signal.SIGUSR1, lambda *_: shim.watch(act_at={at}, action={action}))
sys.argv[0] = "solvent"
main()
"""


@pytest.mark.parametrize(
    ("action", "at", "fault"),
    [("FAIL_ENOSPC", 1, "full"), ("FAIL_EIO", 3, "a block could not be committed")],
    ids=["no room for a block", "the sync of a block fails"],
)
def test_a_disk_that_fails_ends_the_process_and_loses_nothing_that_was_answered(tmp_path, action, at, fault):
    """A real process on a real disk that fails at one system call: answered with 503, ended with 3, opened again."""
    from solvent.lab.crash import shim

    try:
        library = shim.build(tmp_path)
    except shim.ShimUnavailable as reason:
        pytest.skip(f"{reason}: a disk that fails is not tried at a whole service")
    place = tmp_path / "venue"
    now = time.time_ns() - 10**9
    opened = create_venue(place, VENUE, read_rulebook("solvent").text, "solvent", now)
    key, text = make_key("a gateway", Role.GATEWAY, opened.venue.name)
    add_key(opened.engine, opened.desk, key, "a test", now)
    account = int(opened.engine.state.venue[0].account_count)
    opened.engine.close()
    program = FAULTY.format(at=at, action=getattr(shim, action))
    environment = {**os.environ, "LD_PRELOAD": str(library), shim.PLACE: str(library)}
    arguments = [sys.executable, "-c", program, "serve", "--data", str(place), "--port", "0"]
    answered = 0

    def pay(venue):
        nonlocal answered
        for _ in range(200):
            answered += venue.deposit(account, "1").accepted

    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=log, text=True, env=environment) as process,
    ):
        url = next(line for line in process.stdout if " at http" in line).split(" at ")[1].strip().rstrip("/")
        with Client(url, text) as venue:
            assert venue.open_account(account, 1).accepted
            assert venue.deposit(account, "1").accepted
            process.send_signal(signal.SIGUSR1)
            with pytest.raises(ServiceProblem) as problem:
                pay(venue)
        assert (problem.value.status, problem.value.code) == (503, "halted")
        assert process.wait(20) == 3
    told = (tmp_path / "log").read_text()
    assert "halted" in told
    assert fault in told
    assert "what to do" in told
    assert "Traceback" not in told
    with Engine.open(place, read_only=True) as engine:
        found = int(engine.state.accounts.wallet_quanta[account])
    # the one that was not answered may have reached the disk; whoever sent it asks again with the same id
    assert found in ((answered + 1) * 1_000_000, (answered + 2) * 1_000_000)


def serve_once(place):
    """What a second `solvent serve` of a directory says, and its exit code."""
    command = [sys.executable, "-m", "solvent.cli.main", "serve", "--data", str(place), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_second_process_is_refused_and_a_damaged_journal_is_not_served(tmp_path):
    with running(tmp_path) as run:
        open_market(run)
        code, told = serve_once(tmp_path)
        assert code == 3, told
        assert str(os.getpid()) in told
        assert "Traceback" not in told
    whole = (tmp_path / "journal.sqlite").read_bytes()
    # a bit of an acknowledged block: seen whether or not a snapshot stands after it
    place = whole.rindex(b"a feeder")
    (tmp_path / "journal.sqlite").write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    for path in tmp_path.glob("snapshot-*"):
        path.unlink()
    with pytest.raises(JournalCorrupt):
        open_venue(tmp_path)
    code, told = serve_once(tmp_path)
    assert code not in (0, 1), told
    assert "Traceback" not in told
    (tmp_path / "journal.sqlite").write_bytes(whole)
    with Engine.open(tmp_path, read_only=True) as engine:
        assert engine.sequence > 0


def test_a_journal_older_than_its_watermark_is_not_served(tmp_path):
    with running(tmp_path) as run:
        keys = run.keys
        _buyer, _seller = open_market(run)
    before = (tmp_path / "journal.sqlite").read_bytes()
    with running(tmp_path, keys=keys) as run, run.client() as venue:
        assert venue.deposit(_buyer, "1").accepted
    (tmp_path / "journal.sqlite").write_bytes(before)
    with pytest.raises(JournalTruncated, match="was acknowledged"):
        open_venue(tmp_path)
