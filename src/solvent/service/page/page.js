// The frame: signing in, the tabs, and the stream. The page knows only the public interface: it reads, it listens, and it
// asks with the viewer's own key.
import { $, ask, say, state } from "/static/live.js";
import { make, money } from "/static/draw.js";
import { VIEWS, draws, loads } from "/static/views.js";

const main = $("main"), FOCUSABLE = "button, input, select, summary, [tabindex]";
// A redraw would take a selection away from whoever is copying a number.
const isQuiet = () => !$("confirm").open && !main.querySelector("select:focus") && !getSelection().toString();

export function show(view) {
  state.view = view;
  location.hash = view;
  draw();
  loads[view]?.().catch((problem) => say(problem.message));
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

export function draw() {
  const busy = document.activeElement;
  const inside = busy && main.contains(busy), held = inside ? busy.id || busy.dataset.mode || busy.dataset.alert : "";
  const place = inside && !held ? [...main.querySelectorAll(FOCUSABLE)].indexOf(busy) : -1;
  const opened = state.drawn === state.view ? [...main.querySelectorAll("details")].map((box) => box.open) : [];
  const scrolled = [...main.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
  main.replaceChildren(...draws[state.view]());
  main.querySelectorAll(".scroll").forEach((box, place) => { box.scrollLeft = scrolled[place] || 0; });
  if (opened.length) main.querySelectorAll("details").forEach((box, number) => { box.open = opened[number] ?? box.open; });
  state.drawn = state.view;
  if (place >= 0) main.querySelectorAll(FOCUSABLE)[place]?.focus({ preventScroll: true });
  if (held) main.querySelector(`[id="${CSS.escape(held)}"],[data-mode="${CSS.escape(held)}"],[data-alert="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
  for (const tab of $("tabs").children) tab.setAttribute("aria-current", tab.dataset.view === state.view ? "page" : "false");
}

function glanced(glance) {
  state.glance = glance;
  $("verdict").textContent = glance.solvent ? "solvent" : "not solvent";
  $("verdict").className = `pill ${glance.solvent ? "good" : "bad"}`;
  $("sequence").textContent = `sequence ${money(glance.sequence)}`;
  if (["overview", "markets"].includes(state.view) && isQuiet()) draw();
  // what these show is asked for, not told: now and then is often enough
  if (["pools", "breakers"].includes(state.view) && isQuiet() && Date.now() - state.loaded > 2000) { state.loaded = Date.now(); loads[state.view]().catch(() => {}); }
}

let waiting = 200;
async function listen() {
  try {
    const { ticket } = await ask("/v1/tickets", {}, "POST");
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/stream?ticket=${ticket}`);
    socket.onopen = () => { waiting = 200; $("link").textContent = "live"; socket.send(JSON.stringify({ channels: ["glance", "events", "alerts"], kinds: ["account_flagged", "account_recovered", "liquidation_ordered", "liquidation_filled", "liquidation_cancelled", "position_taken_over", "position_deleveraged", "shortfall_declared", "tranche_drawn", "deficit_opened", "default_closed", "unwind_ordered", "pool_unwound"] })); };
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
  drawing = setTimeout(() => { drawing = 0; if (state.view === "liquidations" && isQuiet()) { draw(); loads.liquidations().catch(() => {}); } }, 400);
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
