"""Who may do what: every role at every route and with every kind of command; keys, tokens, budgets, and what is logged."""

import io
import json
import logging
import time

import numpy as np
import pytest
from tests.service.running import BTC, open_market, running

from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.service.client import Client, ServiceProblem
from solvent.service.keys import Door, TokenSettings, make_key
from solvent.service.logs import redacted, set_up
from solvent.service.problems import Problem
from solvent.service.roles import COMMANDS_OF, RIGHTS_OF, Caller, Right, Role, refusal_of
from solvent.service.routes import ROUTES
from solvent.service.serve import Settings, SettingsRefused, check_settings

ROLES = [role for role in Role if role != Role.SERVICE]


@pytest.fixture(scope="module")
def run():
    with running() as run:
        run.buyer, run.seller = open_market(run)
        other, text = make_key("elsewhere", Role.ADMIN, "another venue")
        run.service.opened.desk.keys[other.id] = other
        run.other = text
        yield run


@pytest.mark.parametrize("role", ROLES)
def test_every_route_asks_for_its_right(run, role):
    with run.client(role.value) as client, Client(run.url, run.other) as elsewhere:
        for route in ROUTES:
            if route.right is None:
                continue
            path = route.path.replace("{account}", str(run.buyer)).replace("{key}", "00000000")
            for http, ours in ((client._http, True), (elsewhere._http, False)):
                answer = http.request(route.method, path, json={"nonsense": 1} if route.body else None)
                allowed = ours and route.right in RIGHTS_OF[role]
                refused = answer.status_code == 403 and answer.json()["error"]["code"] == "role_may_not"
                assert refused != allowed, (route.path, role, answer.text[:200])


@pytest.mark.parametrize("role", ROLES)
def test_every_kind_of_command_asks_for_its_role(run, role):
    venue = run.service.wire.venue
    key = next(key for key in run.service.opened.desk.keys.values() if key.role == role)
    state = run.service.gateway.engine.state
    for kind in CommandKind:
        record = np.zeros(1, dtype=COMMAND_DTYPE)
        record["kind"], record["mode"], record["owner"] = kind, 4, 1
        sentence = refusal_of(key.caller(), record, venue.name, state, venue.source_names)
        assert bool(sentence) != (int(kind) in COMMANDS_OF[role]), (kind, sentence)
        assert refusal_of(key.caller(), record, "another venue", state, venue.source_names)
    # time and acts are the process's own; no key speaks them
    assert not {int(CommandKind.ADVANCE), int(CommandKind.RECORD_ACT)} & COMMANDS_OF[role]


def test_a_voter_speaks_for_its_own_seats(run):
    venue, state = run.service.wire.venue, run.service.gateway.engine.state
    record = np.zeros(1, dtype=COMMAND_DTYPE)
    for kind in (CommandKind.PROPOSE_TERMS, CommandKind.VOTE_TERMS, CommandKind.VETO_TERMS):
        record["kind"] = kind
        for seats, seat, said in (((1, 3), 3, ""), ((1, 3), 2, "seat 1, 3, not for seat 2"), ((), 1, "no seat")):
            record["owner"] = seat
            voter = Caller("v", "k", Role.VOTER, venue.name, (), 0, seats)
            sentence = refusal_of(voter, record, venue.name, state, venue.source_names)
            assert said in sentence
            assert bool(said) == bool(sentence)
    with run.client("admin") as admin:
        made = admin.post("/v1/keys", {"name": "seat two", "role": "voter", "seats": [2]})
        assert {"id": made["id"], "seats": [2]}.items() <= admin.get("/v1/keys")["keys"][-1].items()
        for wrong in ({"role": "voter", "seats": [0]}, {"role": "observer", "seats": [1]}):
            with pytest.raises(ServiceProblem, match="cannot be made"):
                admin.post("/v1/keys", {"name": "x", **wrong})


def test_a_feeder_speaks_for_its_sources_and_an_officer_only_tightens(run):
    venue = run.service.wire.venue
    state = run.service.gateway.engine.state
    record = np.zeros(1, dtype=COMMAND_DTYPE)
    record["kind"] = CommandKind.PRICE_REPORT
    feeder = Caller("f", "k", Role.FEEDER, venue.name, ("pyth",))
    assert "not for binance" in refusal_of(feeder, record, venue.name, state, venue.source_names)
    record["source"] = 1
    assert refusal_of(feeder, record, venue.name, state, venue.source_names) == ""
    with run.client("officer") as officer, run.client("voter") as voter:
        assert officer.set_mode("ETH/USDC:USDC", "reduce_only").accepted
        with pytest.raises(ServiceProblem, match="only tighten"):
            officer.set_mode("ETH/USDC:USDC", "active")
        assert voter.set_mode("ETH/USDC:USDC", "active").accepted


def test_keys_are_made_told_once_and_revoked(run):
    with run.client("admin") as admin:
        made = admin.post("/v1/keys", {"name": "desk 7", "role": "observer"})
        with Client(run.url, made["key"]) as client:
            assert client.get("/v1/glance")
            listed = admin.get("/v1/keys")
            assert made["key"].split("_")[2] not in json.dumps(listed)
            admin.delete(f"/v1/keys/{made['id']}")
            with pytest.raises(ServiceProblem) as told:
                client.get("/v1/glance")
        assert told.value.status == 401
        with run.client("observer") as observer:
            acts = [(act["what"], act["actor"]) for act in observer.get("/v1/acts")["acts"][:2]]
        assert acts == [("key_revoked", "a admin"), ("key_made", "a admin")]
        for wrong in (
            {"name": "x", "role": "service"},
            {"name": "", "role": "admin"},
            {"name": "x", "role": "admin", "sources": ["?"]},
        ):
            with pytest.raises(ServiceProblem) as told:
                admin.post("/v1/keys", wrong)
            assert told.value.code == "out_of_range"


def test_a_key_has_a_budget_and_guesses_are_slowed(run):
    with run.client("admin") as admin:
        made = admin.post("/v1/keys", {"name": "slow", "role": "gateway", "per_second": 1})
    command = {"kind": "deposit", "account": run.buyer, "amount": "1"}
    with Client(run.url, made["key"]) as client:
        codes = []
        # a machine that is busy gives the bucket time to fill: asked until it is empty
        for _ in range(60):
            answer = client._http.post("/v1/commands", json={"id": f"{time.time_ns()}", "commands": [command]})
            codes.append(answer.status_code)
            if answer.status_code != 200:
                break
        assert codes[0] == 200
        assert codes[-1] == 429
        assert int(answer.headers["retry-after"]) >= 1
    with Client(run.url, "slv_00000000_" + "x" * 43) as guessing:
        statuses = {guessing._http.get("/v1/glance").status_code for _ in range(40)}
    assert statuses == {401, 429}


@pytest.fixture(scope="module")
def pair():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, public.decode()


def test_tokens_of_people_need_every_claim(pair):
    import jwt

    private, public = pair
    settings = TokenSettings(issuer="https://id", audience="solvent", key=public, algorithm="ES256")
    door = Door({}, "v", settings)
    now = int(time.time())
    claims = {
        "sub": "ada",
        "iss": "https://id",
        "aud": "solvent",
        "iat": now,
        "exp": now + 60,
        "solvent_role": "officer",
    }
    caller = door.caller("Bearer " + jwt.encode(claims, private, "ES256"), now)
    assert (caller.actor, caller.role, caller.venue) == ("ada", Role.OFFICER, "v")
    wrong = [
        *({key: value for key, value in claims.items() if key != missing} for missing in claims),
        claims | {"exp": now - 5},
        claims | {"aud": "other"},
        claims | {"iss": "other"},
        claims | {"solvent_role": "service"},
        claims | {"solvent_role": "king"},
        claims | {"iat": now + 3600},
    ]
    tokens = [jwt.encode(one, private, "ES256") for one in wrong]
    tokens.append(jwt.encode(claims, "a secret that is long enough for it", "HS256"))
    tokens.append(jwt.encode(claims, None, "none"))
    tokens.append(jwt.encode(claims, private, "ES256")[:-4] + "AAAA")
    for token in tokens:
        with pytest.raises(Problem) as told:
            door.caller("Bearer " + token, now)
        assert told.value.status == 401


@pytest.mark.parametrize(
    "header", [None, "", "Basic x", "Bearer", "Bearer ", "Bearer slv_", "Bearer slv_aaaaaaaa_" + "é" * 43]
)
def test_no_key_no_entry(header):
    with pytest.raises(Problem) as told:
        Door({}, "v").caller(header, 0)
    assert told.value.status == 401


def test_secrets_do_not_reach_the_log(pair):
    import jwt

    _key, text = make_key("x", Role.ADMIN, "v")
    token = jwt.encode({"sub": "x"}, pair[0], "ES256")
    written = io.StringIO()
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    set_up("debug", written)
    try:
        log = logging.getLogger("canary")
        log.info("given %s", text)
        log.info("header", extra={"authorization": f"Bearer {text}", "nested": {"deep": [token]}})
        log.info("GET /v1/stream?ticket=canarycanary&x=1 postgresql://me:canarycanary@host/db")
        try:
            raise ValueError(f"Authorization: bearer {token}")
        except ValueError:
            log.exception("failed with %s", token)
        with running() as run, run.client("admin") as admin:
            made = admin.post("/v1/keys", {"name": "y", "role": "observer"})
            admin._http.get("/v1/glance", headers={"authorization": f"Bearer {made['key']}x"})
            secrets = [made["key"], *run.keys.values()]
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    told = written.getvalue()
    for secret in (text, token, "canarycanary", *secrets):
        assert secret not in told
        assert secret.split("_", 2)[-1] not in told
    assert told.count("[secret]") >= 5
    for line in told.splitlines():
        json.loads(line)
    assert redacted("nothing here") == "nothing here"


def test_a_public_address_needs_tls_and_keys(tmp_path):
    check_settings(Settings(), False)
    check_settings(Settings(host="::1"), False)
    for host in ("0.0.0.0", "192.0.2.7", "venue.example"):
        with pytest.raises(SettingsRefused, match="no TLS"):
            check_settings(Settings(host=host), True)
    pem = tmp_path / "pem"
    pem.write_text("x")
    with pytest.raises(SettingsRefused, match="nobody has a key"):
        check_settings(Settings(host="0.0.0.0", tls_certificate=pem, tls_key=pem), False)
    with pytest.raises(SettingsRefused, match="both"):
        check_settings(Settings(tls_certificate=pem), True)


def test_a_page_of_another_origin_may_not_listen(run):
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    url = run.url.replace("http", "ws") + "/v1/stream"
    with run.client("observer") as observer:
        ticket = observer.post("/v1/tickets", {})["ticket"]
    with pytest.raises(InvalidStatus):
        connect(f"{url}?ticket={ticket}", origin="https://elsewhere.example")
    with pytest.raises(InvalidStatus):
        connect(url)
    with connect(f"{url}?ticket={ticket}", origin=run.url) as socket:
        socket.send('{"channels":["glance"]}')
        assert socket.recv(5)
    with pytest.raises(InvalidStatus):  # used up
        connect(f"{url}?ticket={ticket}")
    assert Right.READ not in RIGHTS_OF[Role.FEEDER]
    with pytest.raises(InvalidStatus):
        connect(url, additional_headers={"authorization": f"Bearer {run.keys['feeder']}"})
    assert BTC
