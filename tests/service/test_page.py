"""The page in a real headless Chromium: it opens, its numbers are the interface's, an act works, nothing leaves here."""

import shutil
import threading
import time
from pathlib import Path

import pytest
from tests.service.running import BTC, open_market, report, running

VIEWS = ("overview", "markets", "breakers", "liquidations", "losses", "pools", "accounts", "adl", "rulebook", "alerts")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def run():
    with running() as run:
        run.buyer, run.seller = open_market(run)
        with run.client() as venue:
            assert venue.trade(run.buyer, run.seller, BTC, "5", "100000").accepted
            assert venue.contribute_fund(3, "1234567.5").accepted
        yield run


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: the page is not opened")
    # playwright's own loop must not be the test's thread's
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: the page is not opened"
    )
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, run):
    """A page of an officer that notes what it asks for and what it complains about."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.asked, page.complaints = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"{run.url}/#{run.keys['officer']}")
    page.wait_for_selector(".card")
    yield page
    assert page.complaints == []
    assert all(url.startswith((run.url, run.url.replace("http", "ws"))) for url in page.asked), page.asked
    context.close()


def test_every_view_opens_and_numbers_are_the_interfaces(page, run, tmp_path_factory):
    kept = tmp_path_factory.mktemp("screenshots")
    with run.client("observer") as observer:
        funds = observer.get("/v1/funds")
        account = observer.account(run.buyer)
    assert "slv_" not in page.url
    page.wait_for_selector("#link:text-is('live')")
    grouped = f"{int(float(funds['venue_fund'])):,}.50"
    assert grouped in page.inner_text("main")
    for view in VIEWS:
        page.click(f"[data-view={view}]")
        page.wait_for_selector(".card")
        page.screenshot(path=kept / f"{view}.png")
    page.click("[data-view=accounts]")
    page.fill("#number", str(run.buyer))
    page.press("#number", "Enter")
    page.wait_for_selector("#account table")
    told = page.inner_text("#account").replace(",", "")
    assert account.levels[1].equity in told
    assert f"{float(account.positions[0].liquidation_price):.1f}" in told
    page.screenshot(path=kept / "account.png")
    assert len(list(Path(kept).glob("*.png"))) == len(VIEWS) + 1


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_nothing_is_wider_than_the_screen(browser, run, width, scheme, tmp_path):
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{run.url}/#{run.keys['officer']}")
    page.wait_for_selector(".card")
    for view in VIEWS:
        page.click(f"[data-view={view}]")
        page.wait_for_timeout(60)
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, view
        page.screenshot(path=tmp_path / f"{view}.png")
    context.close()


def test_a_market_is_halted_by_keyboard_after_a_question(page, run):
    page.click("[data-view=markets]")
    page.wait_for_selector("[data-mode^=halted]")
    symbol = "SOL/USDC:USDC"
    button = page.locator(f"section:has(h2:text-is('{symbol}')) [data-mode^=halted]")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#confirm[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("#confirm", state="hidden")
    engine = run.service.gateway.engine
    assert engine.state.instruments[2].mode == 0
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#confirm[open]")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"section:has(h2:text-is('{symbol}')) .pill.bad")
    with run.client("observer") as observer:
        told = {market["market"]: market["mode"] for market in observer.get("/v1/markets")["markets"]}
    assert told[symbol] == "halted"


def test_the_tables_of_what_is_allowed_are_the_machines(page, run):
    page.click("[data-view=breakers]")
    page.wait_for_selector("#matrix table")
    with run.client("observer") as observer:
        told = observer.get("/v1/breakers")
    cells = page.eval_on_selector_all("#matrix .cell", "cells => cells.map((cell) => cell.textContent)")
    assert cells == ["yes" if allowed else "no" for actions in told["matrix"].values() for allowed in actions.values()]
    cells = page.eval_on_selector_all("#remedies .cell", "cells => cells.map((cell) => cell.textContent)")
    assert cells == [answer for answers in told["remedies"].values() for answer in answers.values()]


def test_a_change_of_rules_waits_and_then_stands_in_the_history(page, run):
    state = run.service.gateway.engine.state
    now = int(state.policy[0].advance_max)
    with run.client("voter") as voter:
        assert (
            voter.submit([{"kind": "stage_term", "cell": "policy.advance_max", "value": now - 1}]).answers[0].accepted
        )
        page.click("[data-view=rulebook]")
        page.wait_for_selector("#rules td:has-text('advance_max')")
        assert "a voter" in page.inner_text("#rules")
        assert voter.submit([{"kind": "enact_terms", "version": 2}]).answers[0].accepted
    page.click("[data-view=alerts]")
    page.click("[data-view=rulebook]")
    page.wait_for_selector("#rules summary:has-text('enacted by a voter')")
    with run.client("observer") as observer:
        version = observer.get("/v1/rulebook")["history"][0]
    assert version["version"] == 2
    assert [(one["field"], one["before"], one["after"], one["by"]) for one in version["changes"]] == [
        ("advance_max", str(now), str(now - 1), "a voter")
    ]


def test_a_pool_is_shown_as_the_interface_tells_it(page, run):
    with run.client() as venue:
        assert venue.submit([{"kind": "join_vault", "account": run.buyer, "amount": "1000"}]).answers[0].accepted
        assert venue.contribute_fund(4, "2500000.25").accepted
        shares = int(venue.get("/v1/pools")["pools"][0]["shares"])
        assert venue.submit([{"kind": "give_notice", "account": run.buyer, "shares": shares}]).answers[0].accepted
        (pool,) = venue.get("/v1/pools")["pools"]
    page.click("[data-view=pools]")
    page.wait_for_selector("#pools h3")
    told = page.inner_text("#pools").replace(",", "")
    assert float(pool["net_asset_value"]) == 2501000.25
    assert "2501000.25" in told
    assert f"{shares} held by 1 accounts" in told
    assert [notice["account"] for notice in pool["notices"]] == [run.buyer]
    assert page.locator("#pools td:first-child").last.inner_text() == str(run.buyer)


def test_an_alert_is_acknowledged_and_the_act_is_in_the_journal(page, run):
    page.click("[data-view=alerts]")
    page.wait_for_selector("[data-alert]")
    name = page.get_attribute("[data-alert]", "data-alert")
    page.click(f'[data-alert="{name}"]')
    page.wait_for_selector("text=seen by a officer")
    with run.client("observer") as observer:
        act = observer.get("/v1/acts")["acts"][0]
    assert (act["what"], act["detail"], act["actor"]) == ("alert_acknowledged", name, "a officer")


def test_a_wrong_key_is_asked_for_again(browser, run):
    context = browser.new_context()
    page = context.new_page()
    page.goto(run.url)
    page.wait_for_selector("#login[open]")
    page.fill("#key", "slv_00000000_" + "a" * 43)
    page.press("#key", "Enter")
    page.wait_for_selector("text=not known here")
    page.fill("#key", run.keys["observer"])
    page.press("#key", "Enter")
    page.wait_for_selector(".card")
    context.close()


def test_marks_move_on_the_page_without_being_asked_for(page, run):
    def tell():
        with run.client("feeder") as feeder:
            for price in ("100100", "100200"):
                report(feeder, price)
                time.sleep(0.3)

    thread = threading.Thread(target=tell)
    thread.start()
    page.wait_for_selector("main td:has-text('100,200')", timeout=5000)
    thread.join()
