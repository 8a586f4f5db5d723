// To and from the server: acts go out as POSTs, news comes in over server-sent events.

import { drawClock, drawCourse, takeTime } from "./clock.js";
import { drawLog } from "./log.js";
import { drawPhone } from "./phone.js";
import { drawAll, drawPeople, drawPlaces, drawWords } from "./places.js";
import { markRead, page } from "./state.js";
import { language, say, speak, tell } from "./words.js";

export async function post(path, body, again = true) {
  let response;
  try {
    response = await fetch(`/play/${path}`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "Accept-Language": language, // not the browser's
        "X-Digi-Token": page.token,
      },
      body: JSON.stringify({ as: page.me.id, ...body }),
    });
  } catch {
    return { failed: say("unsure") };
  }
  if (response.status === 403 && again) {
    // Digi was started again and knows this page no longer: take its new token, and try once.
    await begin();
    return post(path, body, false);
  }
  try {
    return await response.json();
  } catch {
    return { failed: say("unsure") };
  }
}

export const drawKey = () => `web:${crypto.randomUUID()}`;

async function load() {
  const wanted = page.me?.id ?? new URLSearchParams(location.search).get("as") ?? "anne";
  let response = await fetch(`/play/state?as=${encodeURIComponent(wanted)}`);
  if (response.status === 400) response = await fetch("/play/state?as=anne");
  const state = await response.json();
  page.token = state.token;
  page.epoch = state.epoch;
  page.me = state.me;
  page.people = state.people;
  page.visitors = state.visitors;
  page.channels = state.channels;
  page.messages = new Map(state.messages.map((message) => [message.id, message]));
  page.letters = state.letters;
  page.commands = state.spoken.commands;
  page.course = state.course;
  speak(state.spoken.language);
  takeTime(state.time);
  return state;
}

function listen(after) {
  page.live?.close();
  const query = new URLSearchParams({ as: page.me.id, after: String(after) });
  const live = new EventSource(`/play/live?${query}`);
  page.live = live;
  const on = (kind, take) =>
    live.addEventListener(kind, (event) => page.live === live && take(JSON.parse(event.data)));
  let greeted = false;
  live.onopen = () => {
    greeted = false;
    tell("offline");
  };
  live.onerror = () => {
    tell("offline", () => say("offline"));
    if (live.readyState === EventSource.CLOSED && page.live === live) setTimeout(begin, 2000);
  };
  on("hello", async (epoch) => {
    // Once more on the same line: all was deleted. After a restart nothing was, and what only
    // this window was shown, a code above all, is nowhere else.
    const emptied = greeted;
    greeted = true;
    if (epoch === page.epoch) return;
    if (emptied) page.whispers = [];
    await begin();
  });
  on("spoken", (spoken) => {
    page.commands = spoken.commands;
    if (spoken.language === language) return;
    speak(spoken.language);
    drawWords();
  });
  on("messages", (messages) => {
    for (const message of messages) page.messages.set(message.id, message);
    const here = messages.some((message) => message.place === page.place);
    if (here) drawLog();
    if (here && document.visibilityState === "visible") markRead();
    drawPlaces();
  });
  on("letters", (letters) => {
    page.letters = letters;
    drawPeople();
  });
  on("time", (time) => {
    takeTime(time);
    drawClock();
    drawPhone(); // the page may have been opened, closed, or have got a new address
  });
  on("course", (course) => {
    page.course = course;
    drawCourse(false);
  });
}

export async function begin() {
  try {
    const state = await load();
    drawAll();
    listen(state.after);
  } catch {
    tell("offline", () => say("offline"));
    setTimeout(begin, 2000);
  }
}
