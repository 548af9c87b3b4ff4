// The page knows only the public interface: it reads, it listens to the stream, it asks with the viewer's own key.
import { ladder, make, meter, money, percent, short, table, tree, waterfall } from "/static/draw.js";

const VIEWS = [["overview", "Overview"], ["markets", "Markets"], ["liquidations", "Liquidations"], ["losses", "Losses"],
  ["accounts", "Accounts"], ["adl", "ADL queue"], ["rulebook", "Rulebook"], ["alerts", "Alerts"]];
const main = document.getElementById("main");
const state = { key: sessionStorage.getItem("key") || "", view: "overview", glance: null, feed: [], alerts: [], venue: null, account: "", demo: true };
const $ = (id) => document.getElementById(id);

async function ask(path, body, method) {
  const answer = await fetch(path, {
    method: method || (body === undefined ? "GET" : "POST"),
    headers: { authorization: `Bearer ${state.key}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.error.sentence + " " + told.error.remedy), { code: told.error.code, status: answer.status });
  return told;
}

function say(text) {
  $("toast").textContent = text;
  $("toast").classList.add("on");
  setTimeout(() => $("toast").classList.remove("on"), 4000);
}

function confirmed(title, text, yes = "Confirm") {
  const dialog = $("confirm");
  $("confirm-title").textContent = title;
  $("confirm-text").textContent = text;
  $("confirm-yes").textContent = yes;
  return new Promise((settle) => {
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => settle(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
    $("confirm-no").focus();
  });
}

const modeClass = (mode) => mode === "active" ? "good" : mode === "halted" ? "bad" : "warn";
const pill = (text, kind) => make("span", { class: `pill ${kind}` }, text.replaceAll("_", " "));
const card = (title, width, ...content) => make("section", { class: `card ${width}` }, make("h2", {}, title), content);
const accountLink = (account) => make("button", { class: "link", onclick: () => openAccount(account) }, account);

function figure(title, value, note, kind = "", width = "w3") {
  return make("section", { class: `card ${width}` }, make("h2", {}, title), make("div", { class: `big number ${kind}` }, value), note);
}

// --- views ------------------------------------------------------------------------------------------------------

const draws = {
  overview() {
    const glance = state.glance;
    if (!glance) return [make("p", { class: "quiet" }, "Waiting for the first word …")];
    const funds = glance.funds, target = Number(funds.venue_fund_target), share = target ? Number(funds.venue_fund) / target : 1;
    const raised = glance.markets.filter((market) => market.mode !== "active");
    return [make("div", { class: "grid" },
      figure("Venue", glance.solvent ? "Solvent" : "Not solvent", make("p", { class: "small quiet" }, glance.withdrawals_gated ? "withdrawals wait" : "withdrawals are open"), glance.solvent ? "good" : "bad"),
      figure("Fund against target", short(funds.venue_fund), [meter(share), make("p", { class: "small quiet" }, `${money(funds.venue_fund)} of ${money(funds.venue_fund_target)} ${glance.settlement}`)], share < 1 ? "warn" : ""),
      figure("Open deficit", short(glance.open_deficit), make("p", { class: "small quiet" }, `${glance.negative_accounts} accounts below zero`), Number(glance.open_deficit) > 0 ? "bad" : ""),
      figure("In liquidation", String(glance.in_liquidation), make("p", { class: "small quiet" }, `of ${money(glance.accounts)} accounts`), glance.in_liquidation ? "warn" : ""),
      card("Near liquidation", "w7", make("p", { class: "small quiet" }, "Notional by surplus over notional: how far the book is from the edge."), ladder(glance.ladder.steps)),
      card("Breakers", "w5",
        make("p", {}, raised.length ? pill(`${raised.length} raised`, "warn") : pill("all active", "good"), " ", glance.venue_mode !== "active" && pill(`venue ${glance.venue_mode}`, "bad")),
        table([["Market"], ["Mark", "n"], ["Mode"]], glance.markets.map((market) => [market.market, money(market.mark, 6), pill(market.mode, modeClass(market.mode))]))),
      card("Who stands behind the venue", "w6", table([["Layer"], [glance.settlement, "n"]], [["market funds", money(funds.market_funds, 2)], ["venue fund", money(funds.venue_fund, 2)],
        ["venue capital", money(funds.venue_capital, 2)], ["vault", money(funds.vault, 2)], ["fees", money(funds.fees, 2)]])),
      card("Alerts", "w6", alertTable(state.alerts.filter((alert) => alert.firing).slice(0, 8))),
      state.demo && card("Demonstration", "", make("p", { class: "small quiet" }, "Prices are invented and the people are seeded. Let them fall and watch."),
        make("button", { id: "crash", class: "danger", onclick: crash }, "Let prices fall by 15 %")),
    )];
  },
  markets() {
    if (!state.glance) return [];
    return [make("div", { class: "grid" }, state.glance.markets.map((market) => card(market.market, "w6",
      make("div", { class: "row" }, make("span", { class: "big number" }, money(market.mark, 6)), pill(market.mode, modeClass(market.mode)),
        make("span", { class: "quiet small" }, market.mode_by_breaker ? "by a breaker" : "")),
      make("p", { class: "small quiet" }, `open interest ${money(market.open_interest_notional)} · maintenance up to ${percent(market.maintenance_max_ppm)} · initial up to ${percent(market.initial_max_ppm)} · multiplier ${percent(market.leverage_scale_ppm)}` + (market.depth ? ` · depth ${market.depth}` : "")),
      make("p", { class: "small" }, make("span", { class: "quiet" }, "allowed now: "), market.allowed.map((action) => action.replaceAll("_", " ")).join(", ")),
      table([["Source"], ["Price", "n"], ["Age", "n"], ["Guard", "n"], ["Step", "n"]], market.sources.map((source) => [
        source.source, money(source.price, 6), source.age_ms === null ? "–" : make("span", { class: source.stale ? "bad" : "" }, `${(source.age_ms / 1000).toFixed(1)} s`),
        source.age_max_ms ? `${source.age_max_ms / 1000} s` : "–", source.step_max_ppm ? percent(source.step_max_ppm) : "–"])),
      make("h3", {}, "Breakers"),
      table([["Move", "n"], ["Within", "n"], ["Becomes"], ["Anchor", "n"], ["Now"]], market.breakers.map((breaker) => [percent(breaker.move_ppm), `${breaker.window_ms / 1000} s`,
        breaker.mode.replaceAll("_", " "), money(breaker.anchor, 6), breaker.raised ? pill("raised", "warn") : "quiet"])),
      make("div", { class: "row" }, make("button", { "data-mode": "reduce_only", onclick: () => setMode(market.market, "reduce_only") }, "Reduce only"),
        make("button", { class: "danger", "data-mode": "halted", onclick: () => setMode(market.market, "halted") }, "Halt")),
    )))];
  },
  liquidations() {
    const rows = state.feed.map((event) => [event.sequence, event.kind.replaceAll("_", " "), accountLink(event.account), event.market || event.asset || "", event.size || "", event.price && Number(event.price) ? money(event.price, 6) : "", money(event.amount, 2)]);
    return [make("div", { class: "grid" },
      card("Liquidations as they happen", "w8", table([["Sequence", "n"], ["What"], ["Account", "n"], ["Market"], ["Size", "n"], ["Price", "n"], ["Amount", "n"]], rows, "Nothing has happened since this page was opened.")),
      card("Worklist by price", "w4", make("p", { class: "small quiet" }, "The accounts each price flagged, chained by hash: nobody was skipped."), make("div", { id: "lists" })),
      card("Nearest to liquidation", "", nearest()),
    )];
  },
  losses() { return [make("div", { class: "grid" }, make("section", { class: "card", id: "cases" }, make("h2", {}, "Defaults and who paid"), make("p", { class: "quiet" }, "Loading …")))]; },
  accounts() {
    const form = make("form", { class: "row", onsubmit: (event) => { event.preventDefault(); openAccount($("number").value); } },
      make("div", {}, make("label", { for: "number" }, "Account number"), make("input", { id: "number", inputmode: "numeric", value: state.account })),
      make("button", { class: "primary", type: "submit" }, "Show"));
    return [make("div", { class: "grid" }, card("Account", "", form), make("div", { id: "account", class: "card" }, make("p", { class: "quiet small" }, "Search for a number, or follow one from another page.")))];
  },
  adl() {
    const symbols = state.glance ? state.glance.markets.map((market) => market.market) : [];
    return [make("div", { class: "grid" }, card("Who would be deleveraged first", "",
      make("div", { class: "row" },
        make("div", {}, make("label", { for: "adl-market" }, "Market"), make("select", { id: "adl-market", onchange: loadAdl }, symbols.map((symbol) => make("option", {}, symbol)))),
        make("div", {}, make("label", { for: "adl-side" }, "Winners on the side"), make("select", { id: "adl-side", onchange: loadAdl }, make("option", {}, "long"), make("option", {}, "short")))),
      make("div", { id: "adl" })))];
  },
  rulebook() { return [make("div", { class: "grid" }, make("div", { id: "rules", class: "card" }, "Loading …"))]; },
  alerts() { return [make("div", { class: "grid" }, card("Alerts", "", alertTable(state.alerts, true)))]; },
};

function nearest() {
  const listed = state.glance ? state.glance.ladder.nearest.slice(0, 15) : [];
  return table([["Account", "n"], ["Distance", "n"], ["Equity", "n"], ["Requirement", "n"], ["Notional", "n"]],
    listed.map((row) => [accountLink(row.account), percent(row.distance_ppm), money(row.equity, 2), money(row.requirement, 2), money(row.notional, 2)]), "Nobody holds a position.");
}

function alertTable(alerts, all) {
  return table([["Since"], ["What"], ["Times", "n"], [""]], alerts.map((alert) => [new Date(alert.began_s * 1000).toLocaleTimeString(),
    make("span", { class: alert.severity === "critical" && alert.firing ? "bad" : alert.firing ? "" : "quiet" }, alert.sentence), alert.count,
    !alert.firing ? "over" : alert.acknowledged_by ? `seen by ${alert.acknowledged_by}` : make("button", { "data-alert": alert.alert, onclick: () => acknowledge(alert.alert) }, "Acknowledge")]), all ? "No alert has fired." : "No alert fires.");
}

const loads = {
  async liquidations() {
    const told = await ask("/v1/worklists?limit=200");
    const flagged = told.lists.filter((list) => list.accounts.length).slice(-12).reverse();
    $("lists")?.replaceChildren(make("p", { class: "hash" }, told.head), table([["Version", "n"], ["Market"], ["Accounts"]],
      flagged.map((list) => [list.price_version, list.market, list.accounts.length > 6 ? `${list.accounts.slice(0, 6).join(", ")} and ${list.accounts.length - 6} more` : list.accounts.join(", ")]), "No price has flagged anybody yet."));
  },
  async losses() {
    const [told, lost] = await Promise.all([ask("/v1/cases?limit=60"), ask("/v1/cases?limit=12&losses=true")]);
    const losses = lost.cases;
    $("cases")?.replaceChildren(make("h2", {}, "Defaults and who paid"),
      losses.length ? losses.map((one) => make("article", {}, make("h3", {}, "Account ", accountLink(one.account), ` · ${one.market} · ${one.outcome}`), waterfall(one))) : make("p", { class: "quiet" }, "No account has ended below zero."),
      make("h3", {}, "All defaults"), table([["Flagged", "n"], ["Account", "n"], ["Market"], ["Outcome"], ["Notional", "n"], ["Filled", "n"], ["Vault", "n"], ["ADL", "n"], ["Shortfall", "n"]],
        told.cases.map((one) => [one.flagged_sequence, accountLink(one.account), one.market, one.outcome, money(one.notional), money(one.filled), money(one.taken_over), money(one.deleveraged), money(one.shortfall, 2)])));
  },
  async accounts() {
    if (!state.account) return;
    const box = $("account");
    try {
      const [told, why] = await Promise.all([ask(`/v1/accounts/${encodeURIComponent(state.account)}`), ask(`/v1/accounts/${encodeURIComponent(state.account)}/explain`)]);
      box?.replaceChildren(make("div", { class: "row" }, make("h2", {}, `Account ${told.account}`), pill(told.status, told.status === "sound" ? "good" : "bad"),
        make("span", { class: "quiet small" }, `${told.kind}, wallet ${money(told.wallet, 6)}` + (told.queue_place ? `, place ${told.queue_place} in the queue` : ""))),
        table([["Level"], ["Equity", "n"], ["Requirement", "n"], ["Surplus", "n"]], told.levels.map((level) => [level.level, money(level.equity, 6), money(level.requirement, 6), money(level.surplus, 6)])),
        make("h3", {}, "Positions"), table([["Market"], ["Side"], ["Size", "n"], ["Mark", "n"], ["Gain", "n"], ["Liquidation", "n"], ["Bankruptcy", "n"], ["ADL", "n"]],
          told.positions.map((one) => [one.market, one.side, one.size, money(one.mark, 6), money(one.gain, 2), money(one.liquidation_price, 6), money(one.bankruptcy_price, 6), one.adl ? `${one.adl.rank} of ${one.adl.of}` : "–"]), "None."),
        make("h3", {}, "Why"), make("div", { class: "tree small" }, make("ul", {}, tree(why))));
    } catch (problem) { box?.replaceChildren(make("p", { class: "bad", role: "alert" }, problem.message)); }
  },
  adl: loadAdl,
  async rulebook() {
    const told = await ask("/v1/rulebook");
    $("rules")?.replaceChildren(make("h2", {}, `${told.name}, terms version ${told.terms_version}`),
      make("h3", {}, "Changes that wait"), table([["Where"], ["Field"], ["In force", "n"], ["Staged", "n"]], told.pending.map((one) => [`${one.table} ${one.row}`, one.field, one.in_force, one.staged]), "Nothing is staged."),
      make("h3", {}, "The document the venue started from"), make("pre", { tabindex: "0" }, told.text));
  },
  async alerts() { state.alerts = (await ask("/v1/alerts")).alerts; if (state.view === "alerts") draw(); },
};

async function loadAdl() {
  const market = $("adl-market"), side = $("adl-side");
  if (!market?.value) return;
  const told = await ask(`/v1/adl?market=${encodeURIComponent(market.value)}&side=${side.value}&limit=50`);
  $("adl")?.replaceChildren(make("p", { class: "small quiet" }, `${told.winners} winners`), table([["Rank", "n"], ["Account", "n"], ["Size", "n"], ["Score", "n"]],
    told.first.map((one) => [one.rank, accountLink(one.account), one.size, one.score]), "Nobody wins on this side."));
}

// --- acts -------------------------------------------------------------------------------------------------------

async function act(asked, done) {
  try { await asked(); say(done); } catch (problem) { say(problem.message); }
}

async function setMode(market, mode) {
  const words = mode.replaceAll("_", " ");
  if (!await confirmed(`Put ${market} to ${words}?`, mode === "halted" ? "Nobody trades, and nobody is liquidated, until it is opened again." : "Positions may only become smaller until it is opened again.", "Do it")) return;
  await act(async () => {
    const told = await ask("/v1/commands", { id: crypto.randomUUID(), commands: [{ kind: "set_mode", market, mode }] });
    const answer = told.answers[0];
    if (!answer.accepted) throw new Error(answer.refusal.sentence);
  }, `${market} is ${words}.`);
}

const acknowledge = (alert) => act(async () => { await ask("/v1/alerts/acknowledge", { alert }); await loads.alerts(); draw(); }, "Noted.");

async function crash() {
  if (!await confirmed("Let prices fall?", "Marks fall by about 15 % within twenty seconds, and come back part of the way.", "Let them fall")) return;
  await act(() => ask("/v1/demo/crash", { percent: 15 }), "Prices begin to fall.");
}

function openAccount(account) { state.account = String(account).trim(); show("accounts"); }

// --- frame ------------------------------------------------------------------------------------------------------

function show(view) {
  state.view = view;
  location.hash = view;
  draw();
  loads[view]?.().catch((problem) => say(problem.message));
  main.focus({ preventScroll: true });
}

function draw() {
  const busy = document.activeElement;
  const held = busy && main.contains(busy) ? (busy.id || busy.dataset.mode || busy.dataset.alert) : "";
  const scrolled = [...main.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
  main.replaceChildren(...draws[state.view]());
  main.querySelectorAll(".scroll").forEach((box, place) => { box.scrollLeft = scrolled[place] || 0; });
  if (held) main.querySelector(`[id="${CSS.escape(held)}"],[data-mode="${CSS.escape(held)}"],[data-alert="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
  for (const tab of $("tabs").children) tab.setAttribute("aria-current", tab.dataset.view === state.view ? "page" : "false");
}

function glanced(glance) {
  state.glance = glance;
  $("verdict").textContent = glance.solvent ? "solvent" : "not solvent";
  $("verdict").className = `pill ${glance.solvent ? "good" : "bad"}`;
  $("sequence").textContent = `sequence ${money(glance.sequence)}`;
  if (["overview", "markets"].includes(state.view) && !$("confirm").open && !main.querySelector("select:focus")) draw();
}

let waiting = 200;
async function listen() {
  try {
    const { ticket } = await ask("/v1/tickets", {}, "POST");
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/stream?ticket=${ticket}`);
    socket.onopen = () => { waiting = 200; $("link").textContent = "live"; socket.send(JSON.stringify({ channels: ["glance", "events", "alerts"], kinds: ["account_flagged", "account_recovered", "liquidation_ordered", "liquidation_filled", "liquidation_cancelled", "position_taken_over", "position_deleveraged", "shortfall_declared", "tranche_drawn", "deficit_opened", "default_closed"] })); };
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.channel === "glance") glanced(frame.glance);
      else if (frame.channel === "events") { state.feed = [...frame.events.reverse(), ...state.feed].slice(0, 200); if (state.view === "liquidations") later(); }
      else if (frame.channel === "alerts") loads.alerts().then(() => state.view === "alerts" && draw());
    };
    socket.onclose = again;
  } catch (problem) { if (problem.status === 401) return login(problem.message); again(); }
}
function again() { $("link").textContent = "connecting …"; setTimeout(listen, waiting); waiting = Math.min(waiting * 2, 5000); }

let drawing = 0;
function later() {
  if (drawing) return;
  drawing = setTimeout(() => { drawing = 0; if (state.view === "liquidations") { draw(); loads.liquidations().catch(() => {}); } }, 400);
}

function login(problem = "") {
  $("login-problem").textContent = problem;
  if (!$("login").open) $("login").showModal();
}
$("login").addEventListener("cancel", (event) => event.preventDefault());
$("login-form").addEventListener("submit", (event) => { event.preventDefault(); state.key = $("key").value.trim(); begin(); });

async function begin() {
  try {
    const venue = await ask("/v1/venue");
    const [glance, alerts] = await Promise.all([ask("/v1/glance"), ask("/v1/alerts")]);
    sessionStorage.setItem("key", state.key);
    if ($("login").open) $("login").close();
    state.venue = venue;
    state.alerts = alerts.alerts;
    state.demo = venue.name === "demo";
    $("venue").textContent = `Solvent · ${venue.name}`;
    glanced(glance);
    show(VIEWS.some(([view]) => view === location.hash.slice(1)) ? location.hash.slice(1) : "overview");
    listen();
  } catch (problem) { login(state.key ? problem.message : ""); }
}

$("tabs").append(...VIEWS.map(([view, name]) => make("button", { "data-view": view, onclick: () => show(view) }, name)));
window.addEventListener("hashchange", () => { const view = location.hash.slice(1); if (draws[view] && view !== state.view) show(view); });
// A key handed over in the address is taken out of it at once; what follows # never leaves the browser.
if (location.hash.startsWith("#slv_")) { state.key = location.hash.slice(1); history.replaceState(null, "", location.pathname); }
begin();
