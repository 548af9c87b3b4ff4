"""What operators are given: metrics and the files that use them, the unit, alerts that are told once, a graceful stop."""

import json
import re
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tests.service.running import BTC, open_market, report, running

from solvent.service.alerts import REPEAT_S, Alerts
from solvent.service.serve import Settings

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


@pytest.fixture(scope="module")
def scraped():
    with running() as run:
        open_market(run)
        with run.client("observer") as observer:
            return observer._http.get("/metrics").text


def test_metrics_are_well_formed(scraped):
    from prometheus_client.parser import text_string_to_metric_families

    families = {family.name: family for family in text_string_to_metric_families(scraped)}
    assert all(re.fullmatch(r"solvent_[a-z0-9_]+", name) and family.documentation for name, family in families.items())
    assert families["solvent_events"].samples
    decided = {
        sample.name.rsplit("_", 1)[1]: sample.value for sample in families["solvent_report_decision_seconds"].samples
    }
    assert decided["count"] > 0
    assert decided["sum"] > 0
    assert {sample.labels["market"] for sample in families["solvent_mark_price"].samples} == {BTC}
    tool = shutil.which("promtool")
    if tool is not None:
        checked = subprocess.run([tool, "check", "metrics"], input=scraped, text=True, capture_output=True, check=False)
        assert checked.returncode == 0, checked.stderr


def test_dashboard_and_rules_name_metrics_that_exist(scraped):
    told = set(re.findall(r"^# TYPE (solvent_\w+)", scraped, flags=re.MULTILINE))
    # told only where there is a venue's socket, or something to count
    told |= {
        "solvent_fills_refused_total",
        "solvent_fills_unbooked",
        "solvent_refusals_total",
        "solvent_problems_total",
    }
    board = json.loads((DEPLOY / "grafana.json").read_text())
    expressions = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    rules = (DEPLOY / "alerts.yml").read_text()
    used = {name.removesuffix("_bucket") for name in re.findall(r"solvent_[a-z0-9_]+", " ".join(expressions) + rules)}
    assert used <= told, used - told
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for place, panel in enumerate(board["panels"]):
        box = panel["gridPos"]
        assert box["x"] + box["w"] <= 24, place
    tool = shutil.which("promtool")
    if tool is not None:
        checked = subprocess.run(
            [tool, "check", "rules", DEPLOY / "alerts.yml"], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_unit_starts_what_exists_and_is_locked_down():
    unit = (DEPLOY / "solvent.service").read_text()
    assert "solvent serve --data" in unit
    for wanted in (
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "MemoryMax=",
        "SystemCallFilter=@system-service",
        "UMask=0077",
    ):
        assert wanted in unit
    assert "0.0.0.0" not in unit
    container = (DEPLOY / "Containerfile").read_text()
    assert "--require-hashes" in container
    assert re.search(r"^USER solvent$", container, flags=re.MULTILINE)


def test_an_alert_is_told_once_repeated_by_the_hour_and_ended():
    now = [1000.0]
    alerts, told = Alerts(clock=lambda: now[0]), []
    alerts.listeners.append(lambda one: told.append((one["what"], one["alert"])))
    stale = {("source_stale", "BTC x"): "heard long ago."}
    for _ in range(50):
        alerts.settle(stale)
        now[0] += 1
    assert told == [("began", "source_stale:BTC x")]
    now[0] += REPEAT_S
    alerts.settle(stale)
    alerts.settle({})
    alerts.settle({})
    alerts.settle(stale)
    assert [what for what, _name in told] == ["began", "lasts", "ended", "began"]
    assert alerts.kept["source_stale:BTC x"].count == 1
    alerts.acknowledge("source_stale:BTC x", "ada")
    now[0] += REPEAT_S + 1
    alerts.settle(stale)
    assert [what for what, _name in told][-1] == "acknowledged"


def test_alerts_reach_a_webhook_in_order_although_it_fails_at_first():
    received, failures = [], [500, 503]

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status = failures.pop(0) if failures else 200
            if status == 200:
                received.append((body["what"], body["kind"]))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with running(settings=Settings(port=0, webhook=f"http://127.0.0.1:{server.server_port}/")) as run:
            open_market(run)
            with run.client("officer") as officer:
                assert officer.set_mode(BTC, "halted").accepted
            for _ in range(400):
                if ("began", "breaker_raised") in received:
                    break
                threading.Event().wait(0.02)
        server.shutdown()
        thread.join()
    assert received[0] == ("began", "fund_below_target")
    assert ("began", "breaker_raised") in received


def test_what_is_the_case_is_what_fires():
    with running() as run:
        buyer, seller = open_market(run, "100000", "10000")
        with run.client() as venue, run.client("feeder") as feeder:
            assert venue.trade(buyer, seller, BTC, "1.05", "100000").accepted
            report(feeder, "92200")
            run.call(run.service.ladder.once)
        run.call(lambda: run.service.alerts.look(run.service.views, False))
        kinds = {alert.kind for alert in run.service.alerts.kept.values() if alert.firing}
        assert {"fund_below_target", "near_liquidation"} <= kinds
        run.call(lambda: run.service.alerts.look(run.service.views, True))
        assert run.service.alerts.kept["halted"].severity == "critical"
