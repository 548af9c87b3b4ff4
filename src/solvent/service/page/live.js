// What all parts of the page share: the viewer's key and what was told last, asking, saying, confirming.
export const state = { key: sessionStorage.getItem("key") || "", view: "overview", glance: null, feed: [], alerts: [], feeds: [], venue: null, account: "", demo: true, loaded: 0 };
export const $ = (id) => document.getElementById(id);

export async function ask(path, body, method) {
  const answer = await fetch(path, {
    method: method || (body === undefined ? "GET" : "POST"),
    headers: { authorization: `Bearer ${state.key}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.error.sentence + " " + told.error.remedy), { code: told.error.code, status: answer.status });
  return told;
}

export function say(text) {
  $("toast").textContent = text;
  $("toast").classList.add("on");
  setTimeout(() => $("toast").classList.remove("on"), 4000);
}

export function confirmed(title, text, yes = "Confirm") {
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

// Ask for something that changes the venue, and say how it went.
export async function act(asked, done) {
  try { await asked(); say(done); } catch (problem) { say(problem.message); }
}
