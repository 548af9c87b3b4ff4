// The views: each draws from what was told last (draws) and asks for what only it needs (loads).
import { $, act, ask, confirmed, state } from "/static/live.js";
import { fill, ladder, make, meter, money, percent, short, table, tree, waterfall } from "/static/draw.js";
import { draw, show } from "/static/page.js";

export const VIEWS = [["overview", "Overview"], ["markets", "Markets"], ["breakers", "Breakers"], ["liquidations", "Liquidations"], ["losses", "Losses"], ["pools", "Pools"],
  ["accounts", "Accounts"], ["adl", "ADL queue"], ["rulebook", "Rulebook"], ["alerts", "Alerts"]];

const modeClass = (mode) => mode === "active" ? "good" : mode === "halted" ? "bad" : "warn";
const pill = (text, kind) => make("span", { class: `pill ${kind}` }, text.replaceAll("_", " "));
const card = (title, width, ...content) => make("section", { class: `card ${width}` }, make("h2", {}, title), content);
const accountLink = (account) => make("button", { class: "link", onclick: () => openAccount(account) }, account);

function figure(title, value, note, kind = "", width = "w3") {
  return make("section", { class: `card ${width}` }, make("h2", {}, title), make("div", { class: `big number ${kind}` }, value), note);
}

// --- views ------------------------------------------------------------------------------------------------------

const spoken = (name) => name.replaceAll("_", " ");
const fact = (name, text) => [make("dt", {}, name), make("dd", {}, text)];
const measured = (name, value) => name.endsWith("_ppm") ? percent(value) : name.endsWith("_ms") ? `${value / 1000} s` : spoken(String(value));
const times = (ppm) => "× " + (ppm / 1e6).toFixed(ppm % 10000 ? 3 : 2);

function multiplier(side) {
  const parts = Object.entries(side.parts).map(([name, ppm]) => `${spoken(name)} ${times(ppm)}`).join(", ");
  const now = side.initial_ppm === side.maintenance_ppm ? times(side.initial_ppm) : `new ${times(side.initial_ppm)}, standing ${times(side.maintenance_ppm)}`;
  return `${side.side} ${now}${parts ? ` (${parts})` : ""}`;
}

function sourceGuards(source) {
  const told = [source.age_max_ms && `age ${source.age_max_ms / 1000} s`, source.step_max_ppm && `step ${percent(source.step_max_ppm)}`, source.confidence_max_ppm && `confidence ${percent(source.confidence_max_ppm)}`,
    source.interval_min_ms && `every ${source.interval_min_ms / 1000} s`, source.floor && `above ${money(source.floor, 6)}`, source.ceiling && `below ${money(source.ceiling, 6)}`, source.delay_ms && `delay ${source.delay_ms / 1000} s`].filter(Boolean).join(", ");
  return make("span", { class: "small" }, source.dropped && pill("too far out", "warn"), source.waiting && pill(`waits with ${money(source.waiting, 6)}`, "warn"), " ", told || "none");
}

const mark = (good, word, half) => make("span", { class: `cell ${half ? "warn" : good ? "good" : "bad"}` }, spoken(word));
const breakerTable = (breakers) => table([["Measures"], ["Beyond", "n"], ["Within", "n"], ["Becomes"], ["Holds", "n"], ["Anchor", "n"], ["Now"]], breakers.map((breaker) => [spoken(breaker.metric), percent(breaker.move_ppm),
  breaker.window_ms ? `${breaker.window_ms / 1000} s` : "–", spoken(breaker.mode), breaker.by_command ? "until let go" : `${breaker.release_ms / 1000} s`, money(breaker.anchor, 6), breaker.raised ? pill("raised", "warn") : "quiet"]), "None.");

export const draws = {
  overview() {
    const glance = state.glance;
    if (!glance) return [make("p", { class: "quiet" }, "Waiting for the first word …")];
    const funds = glance.funds, target = Number(funds.venue_fund_target), share = target ? Number(funds.venue_fund) / target : 1;
    const raised = glance.markets.filter((market) => market.level !== "active");
    return [make("div", { class: "grid" },
      figure("Venue", glance.solvent ? "Solvent" : "Not solvent", make("p", { class: "small quiet" }, glance.withdrawals_gated ? "withdrawals wait" : "withdrawals are open"), glance.solvent ? "good" : "bad"),
      figure("Fund against target", short(funds.venue_fund), [meter(share), make("p", { class: "small quiet" }, `${money(funds.venue_fund)} of ${money(funds.venue_fund_target)} ${glance.settlement}`)], share < 1 ? "warn" : ""),
      figure("Open deficit", short(glance.open_deficit), make("p", { class: "small quiet" }, `${glance.negative_accounts} accounts below zero`), Number(glance.open_deficit) > 0 ? "bad" : ""),
      figure("In liquidation", String(glance.in_liquidation), make("p", { class: "small quiet" }, `of ${money(glance.accounts)} accounts`), glance.in_liquidation ? "warn" : ""),
      card("Near liquidation", "w7", make("p", { class: "small quiet" }, "Notional by surplus over notional: how far the book is from the edge."), ladder(glance.ladder.steps)),
      card("Breakers", "w5",
        make("p", {}, raised.length ? pill(`${raised.length} raised`, "warn") : pill("all active", "good"), " ", glance.venue_mode !== "active" && pill(`venue ${glance.venue_mode}`, "bad")),
        table([["Market"], ["Mark", "n"], ["Mode"]], glance.markets.map((market) => [market.market, money(market.mark, 6), pill(market.level, modeClass(market.level))]))),
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
      make("div", { class: "row" }, make("span", { class: "big number" }, money(market.mark, 6)), pill(market.level, modeClass(market.level)),
        make("span", { class: "quiet small" }, market.mode_by_breaker ? "by a breaker" : market.level !== market.mode ? "by the venue" : ""),
        market.conditions.map((condition) => pill(condition, "warn"))),
      make("dl", { class: "facts-list small" },
        fact("Open interest", `${money(market.open_interest_notional)}` + (market.open_interest_cap_notional ? ` of ${money(market.open_interest_cap_notional)}` : market.open_interest_cap ? ` (${market.open_interest} of ${market.open_interest_cap})` : "")),
        fact("Depth", market.depth ? `${market.depth} (${money(market.depth_notional)})` : "not told"),
        fact("Requirement", `maintenance up to ${percent(market.maintenance_max_ppm)}, initial up to ${percent(market.initial_max_ppm)}`),
        fact("Multiplier", market.multipliers.map(multiplier).join("; ")),
        fact("Allowed now", market.allowed.map(spoken).join(", "))),
      table([["Source"], ["Price", "n"], ["Age", "n"], ["Guards"]], market.sources.map((source) => [
        make("span", {}, source.source, " ", make("span", { class: "quiet small" }, source.kind)), money(source.price, 6),
        source.age_ms === null ? "–" : make("span", { class: source.stale ? "bad" : "" }, `${(source.age_ms / 1000).toFixed(1)} s`), sourceGuards(source)])),
      make("details", {}, make("summary", {}, "Guards of the price, and breakers"),
        make("p", { class: "small" }, `At least ${market.sources_min} fresh sources; ` + Object.entries(market.guards).map(([name, value]) => `${spoken(name.replace(/_(ppm|ms)$/, ""))} ${measured(name, value)}`).join(", ") + "."),
        breakerTable(market.breakers)),
      make("div", { class: "row" }, make("button", { "data-mode": `reduce_only ${market.market}`, onclick: () => setMode(market.market, "reduce_only") }, "Reduce only"),
        make("button", { class: "danger", "data-mode": `halted ${market.market}`, onclick: () => setMode(market.market, "halted") }, "Halt")),
    )), state.feeds.length > 0 && card("Feeds", "", table([["Source"], ["Kind"], ["Connections", "n"], ["Failures", "n"], ["Unreadable", "n"], ["Gaps", "n"], ["Left out", "n"], ["Clock", "n"]], state.feeds.map((feed) => [feed.source, spoken(feed.kind),
      feed.connections, feed.failures, feed.malformed, feed.gaps, feed.conflated + feed.dropped, feed.clock_offset_ms === null ? "–" : make("span", { class: feed.clock_is_off ? "bad" : "" }, `${feed.clock_offset_ms} ms`)]))))];
  },
  breakers() {
    return [make("div", { class: "grid" },
      card("Levels in force", "w6", make("div", { id: "levels" }, "Loading …")),
      card("Breakers of the venue", "w6", make("div", { id: "venue-breakers" }), make("div", { class: "row" },
        make("button", { "data-mode": "venue reduce_only", onclick: () => setVenueMode("reduce_only") }, "Venue to reduce only"),
        make("button", { class: "danger", "data-mode": "venue halted", onclick: () => setVenueMode("halted") }, "Halt the venue"))),
      card("What each level allows", "", make("div", { id: "matrix" })),
      card("When a price is in doubt", "", make("p", { class: "small quiet" }, "The rulebook's answer to each action under each condition; of several conditions the strictest counts."), make("div", { id: "remedies" })))];
  },
  liquidations() {
    const rows = state.feed.slice(0, 40).map((event) => [event.sequence, event.kind.replaceAll("_", " "), accountLink(event.account), event.market || event.asset || "", event.size || "", event.price && Number(event.price) ? money(event.price, 6) : "", money(event.amount, 2)]);
    return [make("div", { class: "grid" },
      card("Liquidations as they happen", "w8", table([["Sequence", "n"], ["What"], ["Account", "n"], ["Market"], ["Size", "n"], ["Price", "n"], ["Amount", "n"]], rows, "Nothing has happened since this page was opened.")),
      card("Worklist by price", "w4", make("p", { class: "small quiet" }, "The accounts each price flagged, chained by hash: nobody was skipped."), make("div", { id: "lists" })),
      card("At the venue", "", make("div", { id: "fills" })),
      card("Nearest to liquidation", "", nearest()),
    )];
  },
  losses() { return [make("div", { class: "grid" }, make("section", { class: "card", id: "cases" }, make("h2", {}, "Defaults and who paid"), make("p", { class: "quiet" }, "Loading …")))]; },
  pools() { return [make("div", { class: "grid" }, make("div", { id: "pools", class: "wide grid" }, make("p", { class: "quiet" }, "Loading …")))]; },
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
  return table([["Since", "t"], ["What"], ["Times", "n"], [""]], alerts.map((alert) => [new Date(alert.began_s * 1000).toLocaleTimeString(),
    make("span", { class: alert.severity === "critical" && alert.firing ? "bad" : alert.firing ? "" : "quiet" }, alert.sentence), alert.count,
    !alert.firing ? "over" : alert.acknowledged_by ? `seen by ${alert.acknowledged_by}` : make("button", { "data-alert": alert.alert, onclick: () => acknowledge(alert.alert) }, "Acknowledge")]), all ? "No alert has fired." : "No alert fires.");
}

export const loads = {
  async markets() { state.feeds = (await ask("/v1/feeds")).feeds; },
  async liquidations() {
    const [told, fills] = await Promise.all([ask("/v1/worklists?limit=200"), ask("/v1/fills")]);
    fill($("fills"), fills.connected === null ? make("p", { class: "quiet small" }, "No order socket of the venue is connected to this process: fills come by the interface.") : [
      make("p", { class: "small" }, pill(fills.connected ? "connected" : "not connected", fills.connected ? "good" : "bad"), ` ${fills.orders.length} orders out, ${fills.taken} fills taken, ${fills.late} of them late.`),
      fills.unbooked.length > 0 && [make("p", { class: "bad", role: "alert" }, "These fills have happened at the venue and stand in no book here."), table([["Fill"], ["Order"], ["Market"], ["Size", "n"], ["Price", "n"], ["Counterparty", "n"], ["Told", "n"], ["Why not"]],
        fills.unbooked.slice(0, 12).map((one) => [one.fill, one.order, one.market, one.size ?? one.amount, one.price ?? one.proceeds, one.counterparty ?? "", `${one.times} ×`, one.why])), fills.unbooked.length > 12 && make("p", { class: "quiet small" }, `and ${fills.unbooked.length - 12} more`)],
      table([["Order"], ["For"], ["Account", "n"], ["Market"], ["Side"], ["Size", "n"], ["Limit", "n"]], fills.orders.slice(0, 20).map((one) => [one.order, one.purpose || one.type, accountLink(one.account), one.market || one.asset, one.side || "sell", one.size ?? one.amount, one.limit ? money(one.limit, 6) : "none"]), "No order is out.")]);
    const flagged = told.lists.filter((list) => list.accounts.length).slice(-12).reverse();
    fill($("lists"), make("p", { class: "hash" }, told.head), table([["Version", "n"], ["Market"], ["Accounts"]],
      flagged.map((list) => [list.price_version, list.market, list.accounts.length > 6 ? `${list.accounts.slice(0, 6).join(", ")} and ${list.accounts.length - 6} more` : list.accounts.join(", ")]), "None of the last 200 prices has flagged anybody."));
  },
  async pools() {
    const told = await ask("/v1/pools"), currency = state.venue ? state.venue.settlement : "", when = (ns) => new Date(Number(ns) / 1e6).toLocaleString();
    fill($("pools"), told.pools.map((pool) => card(`Pool ${pool.pool}`, "",
      make("div", { class: "row" }, make("span", { class: "big number" }, money(pool.net_asset_value, 2)), make("span", { class: "quiet small" }, `${currency}, net asset value`),
        pool.account === null ? pill("not open", "warn") : make("span", { class: "small" }, "account ", accountLink(pool.account))),
      make("dl", { class: "facts-list small" },
        fact("Shares", (pool.members ? `${money(pool.shares)}, held by ${pool.members} accounts` : "none: what is in it is the venue's own") + (pool.value_a_share ? `; value a share ${pool.value_a_share}` : "")),
        fact("Requirement", `${money(pool.requirement, 2)} of ${money(pool.net_asset_value, 2)}`),
        fact("Backs", pool.markets.join(", ") || "no market"),
        fact("Taken over", `${money(pool.taken_over, 2)}` + (pool.hour_cap ? `, at most ${money(pool.hour_cap)} an hour` : "")),
        fact("Unwound", `${money(pool.unwound, 2)}, at a cost of ${money(pool.unwind_cost, 2)} against the mark`),
        fact("Notice", pool.notice_ms ? `${pool.notice_ms / 3600000} hours` : "none")),
      make("h3", {}, "Inventory"), table([["Market"], ["Size", "n"], ["Target", "n"], ["Mark", "n"], ["Value", "n"], ["Gain", "n"], ["Being unwound"]], pool.inventory.map((one) => [one.market, one.size, one.target, money(one.mark, 6), money(one.value, 2), money(one.gain, 2),
        one.order ? `${one.order.side} ${one.order.size}, limit ${money(one.order.limit, 6)}` : "–"]), "It holds no position."),
      make("h3", {}, "Notices"), table([["Account", "n"], ["Shares", "n"], ["May leave"]], pool.notices.map((one) => [accountLink(one.account), money(one.shares), one.over ? pill("now", "good") : when(one.until_ns)]), "Nobody has given notice."),
      pool.notice_count > pool.notices.length && make("p", { class: "quiet small" }, `and ${pool.notice_count - pool.notices.length} more`))));
  },
  async losses() {
    const [told, lost] = await Promise.all([ask("/v1/cases?limit=60"), ask("/v1/cases?limit=12&losses=true")]);
    const losses = lost.cases;
    fill($("cases"), make("h2", {}, "Defaults and who paid"),
      losses.length ? make("div", { class: "pictures" }, losses.map((one) => make("article", {}, make("h3", {}, "Account ", accountLink(one.account), ` · ${one.market} · ${one.outcome}`), waterfall(one)))) : make("p", { class: "quiet" }, "No account has ended below zero."),
      make("h3", {}, "All defaults"), table([["Flagged", "n"], ["Account", "n"], ["Market"], ["Outcome"], ["Notional", "n"], ["Filled", "n"], ["Vault", "n"], ["ADL", "n"], ["Shortfall", "n"]],
        told.cases.map((one) => [one.flagged_sequence, accountLink(one.account), one.market, one.outcome, money(one.notional), money(one.filled), money(one.taken_over), money(one.deleveraged), money(one.shortfall, 2)])));
  },
  async accounts() {
    if (!state.account) return;
    const box = $("account");
    try {
      const [told, why] = await Promise.all([ask(`/v1/accounts/${encodeURIComponent(state.account)}`), ask(`/v1/accounts/${encodeURIComponent(state.account)}/explain`)]);
      fill(box, make("div", { class: "row" }, make("h2", {}, `Account ${told.account}`), pill(told.status, told.status === "sound" ? "good" : "bad"),
        make("span", { class: "quiet small" }, `${told.kind}, wallet ${money(told.wallet, 6)}` + (told.queue_place ? `, place ${told.queue_place} in the queue` : ""))),
        table([["Level"], ["Equity", "n"], ["Requirement", "n"], ["Surplus", "n"]], told.levels.map((level) => [level.level, money(level.equity, 6), money(level.requirement, 6), money(level.surplus, 6)])),
        make("h3", {}, "Positions"), table([["Market"], ["Side"], ["Size", "n"], ["Mark", "n"], ["Gain", "n"], ["Liquidation", "n"], ["Bankruptcy", "n"], ["ADL", "n"]],
          told.positions.map((one) => [one.market, one.side, one.size, money(one.mark, 6), money(one.gain, 2), money(one.liquidation_price, 6), money(one.bankruptcy_price, 6), one.adl ? `${one.adl.rank} of ${one.adl.of}` : "–"]), "None."),
        told.holdings.length > 0 && [make("h3", {}, "Collateral and debts"), table([["Asset"], ["Amount", "n"], [""]], told.holdings.map((one) => [one.asset, money(one.amount, 8), String(one.amount).startsWith("-") ? pill("owed", "warn") : "held"]))],
        Number(told.vault_shares) > 0 && make("p", { class: "small" }, `${money(told.vault_shares)} shares of a pool`),
        make("h3", {}, "Why"), make("div", { class: "tree small" }, make("ul", {}, tree(why))));
    } catch (problem) { fill(box, make("p", { class: "bad", role: "alert" }, problem.message)); }
  },
  async breakers() {
    const told = await ask("/v1/breakers"), actions = Object.keys(told.matrix.active), answered = Object.keys(told.remedies.stale);
    const levels = Object.keys(told.matrix).filter((mode) => told.markets.some((market) => market.level === mode));
    fill($("levels"), table([["Market"], ["Level"], ["Put there by"], ["Price"]], told.markets.map((market) => [market.market, pill(market.level, modeClass(market.level)),
      market.level === "active" ? "" : market.level !== market.mode ? "the venue" : market.mode_by_breaker ? "a breaker" : "an operator", market.conditions.length ? market.conditions.map((one) => pill(one, "warn")) : "sound"])));
    fill($("venue-breakers"), make("p", {}, "The venue is ", pill(told.venue_mode, modeClass(told.venue_mode))), breakerTable(told.venue_breakers));
    fill($("matrix"), table([["Level"], ...actions.map((action) => [spoken(action)])], Object.entries(told.matrix).map(([mode, allowed]) => [
      make("span", {}, pill(mode, modeClass(mode)), levels.includes(mode) && make("span", { class: "small quiet" }, " in force")), ...actions.map((action) => mark(allowed[action], allowed[action] ? "yes" : "no"))])));
    fill($("remedies"), table([["Condition"], ...answered.map((action) => [spoken(action)])], Object.entries(told.remedies).map(([condition, answers]) => [spoken(condition),
      ...answered.map((action) => mark(answers[action] !== "refuse", answers[action], answers[action] === "conservative"))])));
  },
  adl: loadAdl,
  async rulebook() {
    const told = await ask("/v1/rulebook"), cells = (one) => make("span", { class: "term" }, one.term);
    fill($("rules"), make("h2", {}, `${told.name}, terms version ${told.terms_version}`),
      told.proposal && make("p", {}, pill(told.proposal.notice_over ? "notice is over" : "notice runs", "warn"), ` Version ${told.proposal.version} was proposed by seat ${told.proposal.seat}; it binds at ${new Date(Number(told.proposal.due_ns) / 1e6).toLocaleString()} at the earliest, with ${told.proposal.votes.length} of ${told.proposal.votes_needed} votes.`),
      make("h3", {}, "Changes that wait"), table([["Term"], ["In force", "n"], ["Staged", "n"], ["By"]], told.pending.map((one) => [cells(one), one.in_force, one.staged, one.by || ""]), "Nothing is staged."),
      make("h3", {}, "History"), told.history.length ? told.history.map((version, place) => make("details", { open: place === 0 }, make("summary", {}, `Version ${version.version} at sequence ${money(version.sequence)}, ${new Date(Number(version.time_ns) / 1e6).toLocaleString()}, enacted by ${version.enacted_by || "nobody named"}`),
        table([["Term"], ["Before", "n"], ["After", "n"], ["Staged by"]], version.changes.map((one) => [cells(one), one.before, one.after, one.by]), "It changed nothing."))) : make("p", { class: "quiet small" }, "The rules are those the venue started with."),
      make("h3", {}, "The document the venue started from"), make("pre", { tabindex: "0" }, told.text));
  },
  async alerts() { state.alerts = (await ask("/v1/alerts")).alerts; if (state.view === "alerts") draw(); },
};

async function loadAdl() {
  const market = $("adl-market"), side = $("adl-side");
  if (!market?.value) return;
  const told = await ask(`/v1/adl?market=${encodeURIComponent(market.value)}&side=${side.value}&limit=50`);
  fill($("adl"), make("p", { class: "small quiet" }, `${told.winners} winners`), table([["Rank", "n"], ["Account", "n"], ["Size", "n"], ["Score", "n"]],
    told.first.map((one) => [one.rank, accountLink(one.account), one.size, one.score]), "Nobody wins on this side."));
}

// --- acts -------------------------------------------------------------------------------------------------------

async function setMode(market, mode) {
  const words = mode.replaceAll("_", " ");
  if (!await confirmed(`Put ${market} to ${words}?`, mode === "halted" ? "Nobody trades, and nobody is liquidated, until it is opened again." : "Positions may only become smaller until it is opened again.", "Do it")) return;
  await act(async () => {
    const told = await ask("/v1/commands", { id: crypto.randomUUID(), commands: [{ kind: "set_mode", market, mode }] });
    const answer = told.answers[0];
    if (!answer.accepted) throw new Error(answer.refusal.sentence);
  }, `${market} is ${words}.`);
}

async function setVenueMode(mode) {
  if (!await confirmed(`Put the whole venue to ${spoken(mode)}?`, mode === "halted" ? "No market trades, and nobody is liquidated, until it is opened again." : "Positions of every market may only become smaller until it is opened again.", "Do it")) return;
  await act(async () => {
    const told = await ask("/v1/commands", { id: crypto.randomUUID(), commands: [{ kind: "set_venue_mode", mode }] });
    if (!told.answers[0].accepted) throw new Error(told.answers[0].refusal.sentence);
    await loads.breakers();
  }, `The venue is ${spoken(mode)}.`);
}

const acknowledge = (alert) => act(async () => { await ask("/v1/alerts/acknowledge", { alert }); await loads.alerts(); draw(); }, "Noted.");

async function crash() {
  if (!await confirmed("Let prices fall?", "Marks fall by about 15 % within twenty seconds, and come back part of the way.", "Let them fall")) return;
  await act(() => ask("/v1/demo/crash", { percent: 15 }), "Prices begin to fall.");
}

export function openAccount(account) { state.account = String(account).trim(); show("accounts"); }

