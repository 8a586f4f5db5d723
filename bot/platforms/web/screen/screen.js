// Keeps a screen up to date: fetches it anew when its version changes, and counts down.
// The server sends only a version; what is shown is always the page itself, asked for with its ETag.
"use strict";

const POLL = 30_000; // also asked for this often, for where a proxy holds events back
let etag = "";
let source = null;
let fetching = false;
let again = false;
let lost = 0;
let endsAt = NaN; // by this machine's monotonic clock

// The page of whoever leads defines holdsBack: nothing is exchanged in the middle of an act.
const busy = () => typeof holdsBack === "function" && holdsBack();
const jitter = (most) => most / 2 + (Math.random() * most) / 2;

function readClock() {
  const clock = document.querySelector(".clock");
  endsAt = clock ? performance.now() + Number(clock.dataset.left) * 1000 : NaN;
  tick();
}

function tick() {
  const clock = document.querySelector(".clock");
  if (!clock || Number.isNaN(endsAt)) return;
  const left = Math.max(0, Math.round((endsAt - performance.now()) / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(left / 3600), Math.floor((left % 3600) / 60)];
  const face = hours ? `${hours}:${two(minutes)}` : `${minutes}`;
  clock.textContent = `${face}:${two(left % 60)}`;
  const said = left === 0 ? clock.dataset.over : left <= 60 ? clock.dataset.minute : "";
  const soon = document.querySelector(".soon");
  if (soon && soon.textContent !== said) {
    soon.textContent = said;
    if (said) tell(said);
  }
}

function tell(said) {
  document.getElementById("told").textContent = said;
}

function reached(isThere) {
  lost = isThere ? 0 : lost + 1;
  document.getElementById("away").hidden = lost < 2;
}

function show(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  if (page.documentElement.dataset.build !== document.documentElement.dataset.build) {
    location.replace(location.href); // a GET, also where the page answered a press
    return;
  }
  if (busy()) {
    etag = "";
    return;
  }
  const before = document.querySelector("h1")?.textContent;
  const answer = document.querySelector(".told"); // to the press that drew this page
  document.getElementById("screen").replaceWith(page.getElementById("screen"));
  document.title = page.title;
  readClock();
  const heading = document.querySelector("h1")?.textContent;
  if (answer && heading === before) document.querySelector("#screen .head")?.after(answer);
  if (heading && heading !== before) tell(heading);
}

async function refresh() {
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  try {
    const headers = etag ? { "If-None-Match": etag } : {};
    const got = await fetch(location.href, { headers, cache: "no-store" });
    if (got.status === 200 || got.status === 404) {
      etag = got.headers.get("ETag") ?? "";
      show(await got.text());
    } else if (got.status === 304) {
      const left = got.headers.get("X-Seconds-Left");
      if (left !== null) endsAt = performance.now() + Number(left) * 1000;
    }
    reached(got.status < 500 && got.status !== 429);
  } catch {
    reached(false);
  } finally {
    fetching = false;
  }
  if (again) {
    again = false;
    await refresh();
  }
}

function listen() {
  source?.close();
  source = new EventSource(`${location.pathname}/events`);
  source.onmessage = () => refresh();
  source.onerror = () => {
    // The browser tries again by itself, unless the server has refused it.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, jitter(20_000));
    else setTimeout(refresh, jitter(2_000));
  };
}

readClock();
setInterval(tick, 250);
setInterval(refresh, POLL);
addEventListener("online", () => refresh());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});
listen();
