// Elements and pictures. Everything that comes from outside is text, never markup.
const SVG = "http://www.w3.org/2000/svg";

export function make(tag, attributes = {}, ...children) {
  const element = ["svg", "rect", "text", "line", "g", "title", "path"].includes(tag)
    ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  return fill(element, children);
}

// Put these into a box in the place of what was there; a box that is not on the screen any more is left alone.
export function fill(box, ...children) {
  const nodes = children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
  box?.replaceChildren(...nodes.map((child) => child instanceof Node ? child : document.createTextNode(String(child))));
  return box;
}

// Money comes as a decimal string and stays one: digits are grouped, never computed.
export function money(text, decimals = 0) {
  if (text === null || text === undefined) return "–";
  const [whole, rest = ""] = String(text).replace("-", "").split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  const shown = decimals > 0 && rest ? "." + rest.slice(0, decimals) : "";
  return (String(text).startsWith("-") ? "−" : "") + grouped + shown;
}

export function short(text) {
  const value = Number(text), size = Math.abs(value);
  for (const [unit, name] of [[1e9, "B"], [1e6, "M"], [1e3, "k"]]) if (size >= unit) return (value / unit).toFixed(size >= unit * 100 ? 0 : 1) + " " + name;
  return value.toFixed(0);
}

export const percent = (ppm) => (ppm / 10000).toFixed(ppm % 10000 ? 1 : 0) + " %";

export function table(heads, rows, empty = "Nothing here.") {
  if (!rows.length) return make("p", { class: "quiet small" }, empty);
  const head = make("tr", {}, heads.map(([text, kind]) => make("th", { class: kind || "", scope: "col" }, text)));
  const body = rows.map((cells) => make("tr", {}, cells.map((cell, place) => make("td", { class: heads[place][1] || "" }, cell))));
  return make("div", { class: "scroll" }, make("table", {}, make("thead", {}, head), make("tbody", {}, body)));
}

export function ladder(steps) {
  const most = Math.max(...steps.map((step) => Number(step.notional)), 1);
  const row = 24, left = 88, width = innerWidth < 600 ? 350 : 560, height = steps.length * row + 4;
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Notional by distance to liquidation" });
  steps.forEach((step, place) => {
    const y = place * row, size = (width - left - 96) * Number(step.notional) / most;
    const name = step.to_ppm === null ? `over ${percent(step.from_ppm)}` : `${percent(step.from_ppm)}–${percent(step.to_ppm)}`;
    svg.append(make("text", { x: left - 8, y: y + 16, "text-anchor": "end", class: "quiet" }, name));
    svg.append(make("rect", { x: left, y: y + 4, width: Math.max(size, Number(step.notional) ? 1 : 0), height: row - 8, rx: 3, class: step.from_ppm < 20000 ? "bar badly" : "bar" },
      make("title", {}, `${money(step.notional)} in ${step.accounts} accounts`)));
    svg.append(make("text", { x: left + size + 6, y: y + 16 }, Number(step.notional) ? `${short(step.notional)} · ${step.accounts}` : "–"));
  });
  return svg;
}

// One default as a picture: the shortfall on the left, who paid from top to bottom, what is left open in red.
export function waterfall(told) {
  const owed = Math.max(Number(told.shortfall), told.waterfall.reduce((sum, part) => sum + Number(part.amount), 0), 1e-9);
  const parts = told.waterfall.map((part) => [part.tranche.replaceAll("_", " "), Number(part.amount), part.amount, false]);
  if (Number(told.open_deficit) > 0) parts.push(["open deficit", Number(told.open_deficit), told.open_deficit, true]);
  const row = 26, left = 108, width = innerWidth < 600 ? 360 : 560, height = (parts.length + 1) * row + 4;
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Who paid for account ${told.account}` });
  const scale = (width - left - 120) / owed;
  const bar = (y, x, size, name, text, bad) => {
    svg.append(make("text", { x: left - 8, y: y + 17, "text-anchor": "end", class: "quiet" }, name));
    svg.append(make("rect", { x: left + x, y: y + 4, width: Math.max(size, 1), height: row - 8, rx: 3, class: bad ? "bar badly" : "bar" }));
    svg.append(make("text", { x: left + x + size + 6, y: y + 17 }, text));
  };
  bar(0, 0, Number(told.shortfall) * scale, "shortfall", money(told.shortfall, 2), true);
  let paid = 0;
  parts.forEach(([name, amount, text, bad], place) => { bar((place + 1) * row, paid * scale, amount * scale, name, money(text, 2), bad); paid += amount; });
  return svg;
}

export function meter(share) {
  const svg = make("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", role: "img", "aria-label": `${Math.round(share * 100)} per cent` });
  svg.append(make("rect", { x: 0, y: 0, width: Math.min(share, 1) * 100, height: 8, class: share < 1 ? "bar badly" : "bar" }));
  return make("div", { class: "meter" }, svg);
}

export function tree(node, depth = 0) {
  const value = node.value === null ? "" : node.unit === "quanta" ? money(node.amount, 6) : `${money(node.value)} ${node.unit}`;
  const line = [node.label, value && make("span", { class: "value" }, value), node.rule && make("span", { class: "quiet small" }, "  " + node.rule)];
  if (!node.children.length) return make("li", {}, line);
  return make("li", {}, make("details", { open: depth < 2 }, make("summary", {}, line), make("ul", {}, node.children.map((child) => tree(child, depth + 1)))));
}
