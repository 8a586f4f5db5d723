// The playground's page: who I am, where I look, what I do, and the clock.

import { drawCard, drawForm, holdsCode, line, make, mark, plain } from "./draw.js";
import { clockTime, day, dayKey, moment, say, speak } from "./words.js";

const narrow = matchMedia("(max-width: 780px)");
const at = (id) => document.getElementById(id);
const ROLES = ["leader", "representative", "facilitator", "member"];

const page = {
  token: "",
  epoch: "",
  me: null,
  people: [],
  channels: [],
  place: "",
  messages: new Map(), // by id
  whispers: [], // what only this window was shown; it is gone when the window closes
  letters: {}, // for each person: where the private messages stand in the order of change
  commands: [],
  clock: { now: Date.now(), since: performance.now(), landmarks: {} },
  course: { running: false },
  live: null,
};

const privatePlace = (person) => `private:${person}`;
const channelOf = (place) => (place.startsWith("channel:") ? place.slice(8) : "");
const personOf = (id) => page.people.find((person) => person.id === id);
const seqOf = (message) => message.seq;

// --- which messages were read, as this browser remembers it --------------------------------

function newest() {
  const seqs = [...page.messages.values()].map(seqOf).concat(...Object.values(page.letters));
  return Math.max(0, ...seqs);
}

function readUpTo(place) {
  try {
    const kept = Number(localStorage.getItem(`digi:${page.me.id}:${place}`) ?? 0);
    return kept > newest() ? 0 : kept; // the room was emptied since
  } catch {
    return 0;
  }
}

function markRead() {
  const seqs = [...page.messages.values()].filter((found) => found.place === page.place).map(seqOf);
  try {
    localStorage.setItem(`digi:${page.me.id}:${page.place}`, String(Math.max(0, ...seqs)));
  } catch {
    // Without storage, messages count as new again after a reload.
  }
}

function unread(place) {
  const read = readUpTo(place);
  const mine = (message) => message.by === page.me.id;
  return [...page.messages.values()].filter(
    (message) => message.place === place && message.seq > read && !mine(message),
  ).length;
}

function waiting(person) {
  try {
    const place = privatePlace(person.id);
    const kept = Number(localStorage.getItem(`digi:${person.id}:${place}`) ?? 0);
    const read = kept > newest() ? 0 : kept;
    return (page.letters[person.id] ?? []).filter((seq) => seq > read).length;
  } catch {
    return 0;
  }
}

// --- to and from the server ----------------------------------------------------------------

async function post(path, body, again = true) {
  let response;
  try {
    response = await fetch(`/play/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Digi-Token": page.token },
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

const drawKey = () => `web:${crypto.randomUUID()}`;

async function load() {
  const wanted = page.me?.id ?? new URLSearchParams(location.search).get("as") ?? "anne";
  let response = await fetch(`/play/state?as=${encodeURIComponent(wanted)}`);
  if (response.status === 400) response = await fetch("/play/state?as=anne");
  const state = await response.json();
  page.token = state.token;
  page.epoch = state.epoch;
  page.me = state.me;
  page.people = state.people;
  page.channels = state.channels;
  page.messages = new Map(state.messages.map((message) => [message.id, message]));
  page.letters = state.letters;
  page.commands = state.commands;
  page.course = state.course;
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
    at("offline").textContent = "";
  };
  live.onerror = () => {
    at("offline").textContent = say("offline");
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
  });
  on("course", (course) => {
    const ended = page.course.running && !course.running;
    page.course = course;
    drawCourse(ended);
  });
}

async function begin() {
  try {
    const state = await load();
    drawAll();
    listen(state.after);
  } catch {
    at("offline").textContent = say("offline");
    setTimeout(begin, 2000);
  }
}

// --- who I am and where I look -------------------------------------------------------------

async function become(person) {
  if (person === page.me.id) return;
  const away = page.place.startsWith("private:");
  page.me = personOf(person);
  if (away) page.place = privatePlace(person);
  await begin();
}

function go(place) {
  page.place = place;
  markRead();
  drawPlaces();
  drawPeople();
  drawPlace();
}

function places() {
  return [
    ...page.channels.map((channel) => ({
      id: `channel:${channel.id}`,
      name: channel.name,
      about: channel.about,
    })),
    {
      id: privatePlace(page.me.id),
      name: say("private"),
      about: say("private_about", page.me.name),
    },
  ];
}

function face(person) {
  const initials = person.name.split(" ").map((word) => word[0]);
  const element = make("span", { class: "face", "aria-hidden": "true" });
  element.textContent = initials[0] + (initials.length > 1 ? initials.at(-1) : "");
  element.style.setProperty("--hue", person.hue);
  return element;
}

/* Drawn again only where something differs, so that focus stays where it is. */
function redraw(holder, nodes) {
  const held = holder.contains(document.activeElement) ? document.activeElement.dataset.id : null;
  holder.replaceChildren(...nodes);
  if (held) holder.querySelector(`[data-id="${CSS.escape(held)}"]`)?.focus();
}

function drawPlaces() {
  const found = places().map((place) => ({ ...place, news: unread(place.id) }));
  redraw(
    at("places"),
    found.map(({ id, name, news }) => {
      const here = id === page.place;
      const button = make(
        "button",
        { type: "button", class: "choose", "data-id": id, "aria-current": here && "page" },
        id.startsWith("private:") ? mark() : null,
        make("span", { class: "name" }, name),
        news ? make("span", { class: "news" }, say("unread", news)) : null,
      );
      button.addEventListener("click", () => go(id));
      return make("li", {}, button);
    }),
  );
  at("place-select").replaceChildren(
    ...found.map(({ id, name, news }) =>
      make("option", { value: id }, news ? `${name} (${say("unread", news)})` : name),
    ),
  );
  at("place-select").value = page.place;
}

function drawPeople() {
  const groups = ROLES.map((role) => [role, page.people.filter((one) => one.role === role)]);
  redraw(
    at("people"),
    groups.flatMap(([role, people]) => [
      make("h3", { id: `role-${role}` }, say(`role_${role}`)),
      make(
        "ul",
        { "aria-labelledby": `role-${role}` },
        people.map((person) => {
          const letters = waiting(person);
          const button = make(
            "button",
            {
              type: "button",
              class: "choose",
              "data-id": person.id,
              "aria-current": person.id === page.me.id && "true",
            },
            face(person),
            make(
              "span",
              { class: "name" },
              person.name,
              make("span", { class: "job" }, person.job),
            ),
          );
          if (letters) {
            const news = make("span", { class: "news", title: say("letters", letters) });
            news.append(say("unread", letters));
            button.append(news);
          }
          button.addEventListener("click", () => become(person.id));
          return make("li", {}, button);
        }),
      ),
    ]),
  );
  at("person-select").replaceChildren(
    ...groups.map(([role, people]) =>
      make(
        "optgroup",
        { label: say(`role_${role}`) },
        people.map((person) => {
          const letters = waiting(person);
          const name = letters ? `${person.name} (${say("unread", letters)})` : person.name;
          return make("option", { value: person.id }, name);
        }),
      ),
    ),
  );
  at("person-select").value = page.me.id;
  const other = page.people.find((person) => person.id !== page.me.id);
  at("another").href = `/?as=${encodeURIComponent(other.id)}`;
}

function drawPlace() {
  const place = places().find((found) => found.id === page.place);
  at("place-title").textContent = place.name;
  at("place-about").textContent = place.about;
  const own = page.place.startsWith("private:");
  at("composer-label").textContent = own ? say("composer_private") : say("composer", place.name);
  const hint = own ? "hint_private" : "hint";
  at("composer-text").placeholder = say(narrow.matches ? `${hint}_narrow` : hint);
  at("composer-fault").textContent = "";
  at("suggestions").setAttribute("aria-label", say("suggestions"));
  document.title = `${page.me.name} · ${place.name} · Digi`;
  const query = new URLSearchParams({ as: page.me.id });
  if (page.place !== `channel:${page.channels[0].id}`) query.set("place", page.place);
  history.replaceState(null, "", `/?${query}`);
  const log = at("log");
  log.setAttribute("aria-live", "off"); // what was here before is no news
  log.replaceChildren();
  rows.clear();
  drawLog(true);
  setTimeout(() => log.setAttribute("aria-live", "polite"), 300);
}

function drawAll() {
  speak(page.me.locale);
  document.documentElement.lang = page.me.locale;
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = say(element.dataset.word);
  }
  if (!page.place) page.place = new URLSearchParams(location.search).get("place") ?? "";
  if (!places().some((place) => place.id === page.place)) page.place = places()[0].id;
  markRead();
  drawPlaces();
  drawPeople();
  drawPlace();
  drawClock();
  drawCourse(false);
}

// --- messages ------------------------------------------------------------------------------

const rows = new Map(); // what stands in the log, by key: { node, version }
const folded = new Map(); // which threads somebody opened or closed
let settled = 0; // where the log was last put

const byTime = (a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.seq - b.seq);

function drawLog(fresh = false) {
  const log = at("log");
  const { scrollHeight, scrollTop, clientHeight } = scroller();
  // Whoever is at the end, or has not moved since they were put there, sees what is new.
  const atEnd = scrollHeight - scrollTop - clientHeight < 120;
  const near = fresh || atEnd || Math.abs(scrollTop - settled) < 2;
  const here = [...page.messages.values()].filter((message) => message.place === page.place);
  const known = new Set(here.map((message) => message.id));
  const top = here.filter((message) => !known.has(message.thread)).sort(byTime);
  const wanted = [];
  const mine = page.whispers.filter(({ by, place }) => by === page.me.id && place === page.place);
  const whispersAfter = (anchor) => {
    for (const whisper of mine.filter((found) => found.anchor === anchor)) {
      // One at a time; a code is shown only once and is never folded away.
      const last = whisper === mine.at(-1);
      const open = last || whisper.cards.some(holdsCode);
      const draw = () => (open ? drawWhisper(whisper, last) : drawEarlier(whisper));
      wanted.push([whisper.key, `${open} ${last}`, draw]);
    }
  };
  whispersAfter("");
  let lastDay = "";
  if (wanted.length) {
    lastDay = dayKey(worldNow());
    const words = day(worldNow());
    wanted.unshift([`day:${lastDay}`, words, () => make("h2", { class: "day" }, words)]);
  }
  for (const message of top) {
    const when = new Date(message.at);
    if (dayKey(when) !== lastDay) {
      lastDay = dayKey(when);
      const words = day(when);
      wanted.push([`day:${lastDay}`, words, () => make("h2", { class: "day" }, words)]);
    }
    const replies = here.filter((reply) => reply.thread === message.id).sort(byTime);
    wanted.push([message.id, message.seq, () => drawMessage(message)]);
    if (channelOf(page.place)) {
      const version = replies.map((reply) => `${reply.id}@${reply.seq}`).join();
      wanted.push([`thread:${message.id}`, version, () => drawThread(message, replies)]);
    }
    whispersAfter(message.id);
  }
  const empty = !wanted.some(([key]) => !key.startsWith("day:"));
  if (empty) wanted.push(["quiet", page.me.id, drawQuiet]);
  place(log, wanted);
  if (near) toTheEnd(log);
}

/* A message taller than the window is met at its first line, not its last. */
function toTheEnd(log) {
  const last = log.lastElementChild;
  const window = scroller();
  if (last && last.offsetHeight > window.clientHeight) last.scrollIntoView({ block: "start" });
  else window.scrollTop = window.scrollHeight;
  settled = window.scrollTop;
}

/* Where there is little room, as at 400 %, the whole page scrolls and not the log in it. */
function scroller() {
  const log = at("log");
  return getComputedStyle(log).overflowY === "visible" ? document.scrollingElement : log;
}

/* Puts the wanted rows in order. A row stays the same element as long as its version does. */
function place(log, wanted) {
  const keys = new Set(wanted.map(([key]) => key));
  for (const [key, row] of rows) {
    if (!keys.has(key)) {
      row.node.remove();
      rows.delete(key);
    }
  }
  let before = log.firstChild;
  for (const [key, version, draw] of wanted) {
    let row = rows.get(key);
    if (row === undefined) {
      row = { node: draw(), version };
      rows.set(key, row);
      log.insertBefore(row.node, before);
    } else if (row.version !== version) {
      const back = focusIn(row.node);
      const node = draw();
      row.node.replaceWith(node);
      if (before === row.node) before = node;
      rows.set(key, (row = { node, version }));
      back(node);
    }
    if (row.node === before) before = before.nextSibling;
    else log.insertBefore(row.node, before);
  }
}

/* Where the focus is in a row; what it answers puts it there in the row that is drawn instead. */
function focusIn(row) {
  const held = document.activeElement;
  if (held?.tagName === "TEXTAREA" && row.contains(held)) {
    const { selectionStart, selectionEnd } = held;
    return (node) => {
      const field = node.querySelector("textarea");
      field?.focus();
      field?.setSelectionRange(selectionStart, selectionEnd);
    };
  }
  const index = [...row.querySelectorAll("button, summary")].indexOf(held);
  return (node) => index >= 0 && node.querySelectorAll("button, summary")[index]?.focus();
}

function nameOf(message) {
  return message.by === "digi" ? "Digi" : (personOf(message.by)?.name ?? say("someone"));
}

function drawMessage(message) {
  const person = personOf(message.by);
  const when = new Date(message.at);
  const title = make("span", { class: "name", id: `by-${message.id}` }, nameOf(message));
  const from = { place: message.place, anchor: message.thread || message.id };
  const pressed = (button, element) => press(button, element, from);
  const body = message.card
    ? drawCard(message.card, message.language, pressed, message.id)
    : make("p", { class: "said" }, message.text);
  return make(
    "article",
    { class: message.by === "digi" ? "message digi" : "message", "aria-labelledby": title.id },
    message.by === "digi" ? mark() : person ? face(person) : make("span", { class: "face" }),
    make(
      "div",
      { class: "body" },
      make(
        "header",
        {},
        title,
        person ? make("span", { class: "job" }, person.job) : null,
        make("time", { datetime: message.at, title: moment(when) }, clockTime(when)),
      ),
      body,
    ),
  );
}

const drafts = new Map(); // what somebody has begun to write in a thread

function drawThread(message, replies) {
  const root = message.id;
  const thread = make("details", { class: replies.length ? "thread" : "thread new" });
  // What Digi adds are details; folded, they leave the message above them in sight.
  const said = replies.some((reply) => reply.by !== "digi");
  thread.open = folded.get(root) ?? (said && replies.length <= 3);
  thread.addEventListener("toggle", () => folded.set(root, thread.open));
  const none = replies.length === 0;
  if (none) thread.setAttribute("aria-live", "off"); // that one can reply is no news
  const summary = make("summary", {}, none ? say("begin_thread") : say("thread", replies.length));
  const composer = threadComposer(message);
  summary.addEventListener("click", () => {
    if (none && !thread.open) setTimeout(() => composer.querySelector("textarea").focus());
  });
  thread.append(summary, ...replies.map(drawMessage), composer);
  return thread;
}

function threadComposer(message) {
  const field = make("textarea", { rows: "1", placeholder: say("thread_hint") });
  field.setAttribute("aria-label", say("thread_label", nameOf(message)));
  field.value = drafts.get(message.id) ?? "";
  const fault = make("p", { class: "fault", role: "alert" });
  const element = make("form", { class: "reply", autocomplete: "off" });
  element.append(fault, field, make("button", { class: "button plain" }, say("send")));
  field.addEventListener("input", () => {
    drafts.set(message.id, field.value);
    grow(field);
  });
  const sends = async (event) => {
    event.preventDefault();
    const { id: thread, place } = message;
    const text = field.value;
    drafts.delete(thread); // the thread may be drawn with the reply before the answer is here
    if (await sendWords(field, fault, { place, thread, anchor: thread })) return;
    drafts.set(thread, text);
    const shown = rows.get(`thread:${thread}`)?.node.querySelector("textarea");
    if (shown) shown.value = text;
  };
  element.addEventListener("submit", sends);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) sends(event);
  });
  return element;
}

function drawWhisper(whisper, last) {
  const words = say(last ? "whisper" : "shown_before");
  const label = make("p", { class: "label", id: `label-${whisper.key}` }, words);
  if (whisper.typed) label.append(` · ${say("typed", whisper.typed)}`);
  const node = make("div", {
    class: "whisper",
    role: "group",
    "aria-labelledby": label.id,
    tabindex: "-1",
  });
  node.append(make("header", {}, label, whisperButtons(whisper)), ...whisperCards(whisper));
  return node;
}

/* What was shown before it is one line, until somebody opens it. */
function drawEarlier(whisper) {
  const first = whisper.cards.flatMap((card) => card.parts).find((part) => part.text);
  const what = whisper.typed || (first ? plain(first.text) : "");
  const short = what.length > 60 ? `${what.slice(0, 59)}…` : what;
  const node = make("details", { class: "whisper earlier" });
  node.append(
    make("summary", {}, say("earlier", short)),
    whisperButtons(whisper),
    ...whisperCards(whisper),
  );
  return node;
}

function whisperButtons(whisper) {
  const close = make("button", { type: "button", class: "button quiet" }, say("dismiss"));
  close.addEventListener("click", () => {
    page.whispers = page.whispers.filter((found) => found !== whisper);
    at("composer-text").focus();
    drawLog();
  });
  const print = make("button", { type: "button", class: "button quiet" }, say("print"));
  print.addEventListener("click", () => printCards(whisper));
  const paper = whisper.cards.some((card) => card.parts.some((part) => part.type === "heading"));
  return make("div", { class: "buttons" }, paper ? print : null, close);
}

function whisperCards(whisper) {
  const from = { place: whisper.place, anchor: whisper.anchor, whisper: whisper.key };
  return whisper.cards.map((card) =>
    drawCard(card, whisper.language, (button, element) => press(button, element, from), from.whisper),
  );
}

/* Paper for the meeting or the notice board: what was shown, and nothing of the page around it. */
function printCards(whisper) {
  const sheet = make("section", { id: "sheet" });
  sheet.append(...whisper.cards.map((card) => drawCard(card, whisper.language, () => {})));
  document.body.append(sheet);
  addEventListener("afterprint", () => sheet.remove(), { once: true });
  print();
}

function drawQuiet() {
  const own = page.place.startsWith("private:");
  const node = make("div", { class: "quiet-place" }, mark(), make("h2", {}, say("quiet")));
  node.append(make("p", {}, say(own ? "quiet_private" : "quiet_channel")));
  if (!own) {
    const write = make("button", { type: "button", class: "button main" }, say("write_start"));
    write.addEventListener("click", () => suggest(`/digi ${say("start")} `));
    const watch = make("button", { type: "button", class: "button plain" }, say("course"));
    watch.addEventListener("click", playCourse);
    node.append(make("div", { class: "buttons" }, write, watch));
  }
  return node;
}

// --- acts ----------------------------------------------------------------------------------

let whispered = 0;

/* Shows what an answer holds. `from` is where the act happened: a place and a message. */
function take(answer, from) {
  const faults = answer.form ? [] : (answer.faults ?? []);
  const sentences = faults.map((fault) => ({ type: "paragraph", text: fault.text }));
  const cards = [...(answer.cards ?? [])];
  if (sentences.length) cards.push({ parts: sentences });
  let whisper = null;
  if (cards.length) {
    whispered += 1;
    const { place, anchor, typed } = from;
    const key = `whisper-${whispered}`;
    whisper = { key, by: page.me.id, language: answer.language, cards, place, anchor, typed };
    if (answer.instead) page.whispers = page.whispers.filter((old) => old.key !== from.whisper);
    page.whispers.push(whisper);
    drawLog();
  }
  if (answer.form) openForm(answer, from);
  else if (whisper) {
    const node = rows.get(whisper.key)?.node;
    if (!from.typed) node?.focus({ preventScroll: true });
    node?.scrollIntoView({ block: "nearest" });
  }
}

function complain(sentence, from) {
  const text = [{ type: "plain", text: sentence }];
  const cards = [{ parts: [{ type: "paragraph", text }] }];
  take({ language: page.me.locale, cards }, from);
}

async function press(button, element, from) {
  if (button.confirm && !(await confirmed(line(button.confirm), line(button.label), button.style))) {
    return;
  }
  if (element.getAttribute("aria-disabled")) return;
  element.setAttribute("aria-disabled", "true");
  element.setAttribute("aria-busy", "true");
  const body = { token: button.token, key: drawKey(), channel: channelOf(from.place) };
  const answer = await post("press", body);
  element.removeAttribute("aria-disabled");
  element.removeAttribute("aria-busy");
  if (answer.failed) complain(answer.failed, from);
  else take(answer, from);
}

function lastMessage() {
  const here = [...page.messages.values()].filter((found) => found.place === page.place);
  const known = new Set(here.map((message) => message.id));
  return here.filter((found) => !known.has(found.thread)).sort(byTime).at(-1)?.id ?? "";
}

async function send(event) {
  event?.preventDefault();
  const from = { place: page.place, anchor: lastMessage() };
  if (!(await sendWords(at("composer-text"), at("composer-fault"), from))) return;
  grow();
  closeSuggestions();
}

/* What is written in a field; answers whether it was sent. */
async function sendWords(field, fault, { place, anchor, thread }) {
  const text = field.value.trim();
  fault.textContent = "";
  if (!text || field.readOnly) return false;
  const command = /^\/digi(\s+\S+)?/i.exec(text);
  const own = place.startsWith("private:");
  if (text.startsWith("/") && !/^\/digi(\s|$)/i.test(text)) {
    fault.textContent = say("slash");
    return false;
  }
  field.readOnly = true;
  const answer = await post("type", { place, text, thread, key: drawKey() });
  field.readOnly = false;
  if (answer.failed) {
    fault.textContent = answer.failed;
    return false;
  }
  field.value = "";
  // Only a command's own word is shown again: what follows it may be meant for nobody.
  const [first] = command ? [command[1]?.trim()] : own ? text.split(/\s/) : [];
  const few = /^(?:\/digi\s+)?\p{L}+(?:\s+\p{L}+)?$/iu.test(text);
  const known = few || page.commands.some(([word]) => word === first?.toLowerCase());
  const word = [command && "/digi", known && first].filter(Boolean).join(" ");
  const more = word && word.length < text.length ? " …" : "";
  take(answer, { place, anchor, typed: word + more });
  return true;
}

// --- the composer --------------------------------------------------------------------------

let active = -1;

function grow(field = at("composer-text")) {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, 200)}px`;
}

function suggest(text) {
  const field = at("composer-text");
  field.value = text;
  field.focus();
  grow();
  showSuggestions();
}

function showSuggestions() {
  const field = at("composer-text");
  const list = at("suggestions");
  const typed = /^\/(?:d|di|dig|digi(?:\s+(\S*))?)?$/i.exec(field.value);
  const wanted = (typed?.[1] ?? "").toLowerCase();
  const found = typed ? page.commands.filter(([word]) => word.startsWith(wanted)) : [];
  active = -1;
  field.removeAttribute("aria-activedescendant");
  list.replaceChildren(
    ...found.map(([word, help], index) => {
      const option = make("li", { role: "option", id: `command-${index}`, "aria-selected": "false" });
      option.append(make("span", { class: "command" }, `/digi ${word}`), make("span", {}, help));
      option.addEventListener("mousedown", (event) => {
        event.preventDefault();
        complete(word);
      });
      return option;
    }),
  );
  list.hidden = found.length === 0;
  at("suggested").textContent = found.length ? say("suggested", found.length) : "";
}

function closeSuggestions() {
  at("suggestions").hidden = true;
  at("suggested").textContent = "";
  at("composer-text").removeAttribute("aria-activedescendant");
  active = -1;
}

function complete(word) {
  const field = at("composer-text");
  field.value = `/digi ${word} `;
  field.focus();
  grow();
  closeSuggestions();
}

function pick(step) {
  const options = [...at("suggestions").children];
  active = (active + step + options.length) % options.length;
  options.forEach((option, index) => {
    option.setAttribute("aria-selected", String(index === active));
  });
  options[active].scrollIntoView({ block: "nearest" });
  at("composer-text").setAttribute("aria-activedescendant", options[active].id);
}

function composerKey(event) {
  const open = !at("suggestions").hidden;
  if (event.isComposing) return;
  if (open && event.key === "ArrowDown") pick(1);
  else if (open && event.key === "ArrowUp") pick(active < 0 ? 0 : -1);
  else if (open && event.key === "Escape") closeSuggestions();
  else if (open && active >= 0 && (event.key === "Enter" || event.key === "Tab")) {
    complete(at("suggestions").children[active].firstChild.textContent.slice("/digi ".length));
  } else if (event.key === "Enter" && !event.shiftKey) send();
  else return;
  event.preventDefault();
}

// --- dialogs -------------------------------------------------------------------------------

function openForm(answer, from) {
  const form = answer.form;
  const dialog = at("form");
  const { elements, fields } = drawForm(form, page.people);
  const title = make("h2", { id: "form-title", tabindex: "-1" }, line(form.title));
  const above = make("div", { class: "fault", role: "alert" });
  const submit = make("button", { class: "button main" }, line(form.submit));
  const cancel = make("button", { type: "button", class: "button quiet" }, say("cancel"));
  const element = make("form", { lang: answer.language, novalidate: true, autocomplete: "off" });
  element.append(
    title,
    make("div", { class: "fields" }, above, elements),
    make("footer", {}, submit, cancel),
  );
  const filled = () => JSON.stringify(fields.map((field) => field.read()));
  const untouched = filled();
  unsent = () => filled() !== untouched;
  cancel.addEventListener("click", leaveForm);
  const show = (faults) => {
    const of = (id) => faults.filter((fault) => fault.field === id).flatMap((fault) => fault.nodes);
    for (const field of fields) field.show(of(field.id));
    const known = new Set(fields.map((field) => field.id));
    const others = faults.filter((fault) => !known.has(fault.field));
    above.replaceChildren(...others.map((fault) => make("p", {}, fault.nodes)));
    const first = fields.find((field) => faults.some((fault) => fault.field === field.id));
    if (first) first.focus();
    else if (others.length) submit.focus();
  };
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.getAttribute("aria-disabled")) return;
    const wrong = fields.map((field) => ({ field: field.id, words: field.fault() }));
    const own = wrong.filter((fault) => fault.words);
    show(own.map((fault) => ({ field: fault.field, nodes: [fault.words] })));
    if (own.length) return;
    submit.setAttribute("aria-disabled", "true");
    submit.setAttribute("aria-busy", "true");
    const values = Object.fromEntries(fields.map((field) => [field.id, field.read()]));
    const channel = channelOf(from.place);
    const found = await post("submit", { token: form.token, values, channel });
    submit.removeAttribute("aria-disabled");
    submit.removeAttribute("aria-busy");
    if (found.failed) show([{ field: "", nodes: [found.failed] }]);
    else if (found.faults?.length && !found.form) {
      show(found.faults.map((fault) => ({ field: fault.field, nodes: line(fault.text) })));
    } else {
      if (!found.form) closeForm();
      take(found, from);
    }
  });
  dialog.replaceChildren(element);
  if (!dialog.open) dialog.showModal();
  if (fields.length) fields[0].focus();
  else title.focus();
  element.querySelector(".fields").scrollTop = 0;
  const faults = answer.faults ?? [];
  if (faults.length) {
    show(faults.map((fault) => ({ field: fault.field, nodes: line(fault.text) })));
  }
}

/* Whether something in the open form would be lost. */
let unsent = () => false;

function closeForm() {
  unsent = () => false;
  at("form").close();
}

async function leaveForm() {
  if (at("confirm").open) return;
  const leaves = () => confirmed(say("leave"), say("leave_yes"), "danger", say("leave_no"));
  if (!unsent() || (await leaves())) closeForm();
}

/* Esc, a tap beside the form, and the phone's own way back. */
function guardForm() {
  const dialog = at("form");
  let beside = false;
  const outside = (event) => event.target === dialog;
  dialog.addEventListener("pointerdown", (event) => (beside = outside(event)));
  dialog.addEventListener("click", (event) => beside && outside(event) && leaveForm());
  for (const kind of ["cancel", "keydown"]) {
    dialog.addEventListener(kind, (event) => {
      if (kind === "keydown" && (event.key !== "Escape" || event.isComposing)) return;
      event.preventDefault();
      leaveForm();
    });
  }
  // A browser may close a dialog without asking; then it stands again as it was.
  dialog.addEventListener("close", () => {
    if (!unsent()) return;
    dialog.showModal();
    leaveForm();
  });
  addEventListener("beforeunload", (event) => unsent() && event.preventDefault());
}

function confirmed(question, label, style = "main", otherwise = say("cancel")) {
  const dialog = at("confirm");
  return new Promise((resolve) => {
    const yes = make("button", { class: `button ${style === "danger" ? "danger" : "main"}` }, label);
    const no = make("button", { type: "button", class: "button quiet" }, otherwise);
    const element = make("form", {}, make("p", { id: "confirm-text" }, question));
    element.append(make("footer", {}, yes, no));
    let answer = false;
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      answer = true;
      dialog.close();
    });
    no.addEventListener("click", () => dialog.close());
    dialog.replaceChildren(element);
    dialog.addEventListener("close", () => resolve(answer), { once: true });
    dialog.showModal();
    (style === "danger" ? no : yes).focus();
  });
}

// --- the clock and the course --------------------------------------------------------------

function takeTime(time) {
  page.clock = {
    now: Date.parse(time.now),
    since: performance.now(),
    landmarks: time.landmarks,
  };
}

function worldNow() {
  return new Date(page.clock.now + performance.now() - page.clock.since);
}

function tick() {
  const now = worldNow();
  if (ahead().length !== at("landmarks").children.length) drawLandmarks();
  at("now").dateTime = now.toISOString();
  at("now").textContent = moment(now);
}

function drawClock() {
  tick();
  drawLandmarks();
}

/* What has come is no longer ahead. */
function ahead() {
  const due = (name) => new Date(page.clock.landmarks[name] ?? 0);
  return ["question", "overview", "release"]
    .map((name) => ({ name, when: due(name) }))
    .filter(({ when }) => when > worldNow());
}

function drawLandmarks() {
  const row = ({ name, when }) =>
    make("div", {}, make("dt", {}, say(`next_${name}`)), make("dd", {}, moment(when)));
  at("landmarks").replaceChildren(...ahead().map(row));
}

function busy(on) {
  for (const button of document.querySelectorAll("[data-clock], #play-course, #start-over")) {
    if (on) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  }
}

const isBusy = (button) => button.getAttribute("aria-disabled") === "true";

async function moveClock(event) {
  const button = event.currentTarget;
  if (isBusy(button)) return;
  busy(true);
  at("clock-status").textContent = say("moving");
  const answer = await post("clock", { to: button.dataset.clock });
  busy(page.course.running);
  if (answer.time) {
    takeTime(answer.time);
    drawClock();
    at("clock-status").textContent = say("moved", moment(worldNow()));
  } else at("clock-status").textContent = answer.failed;
}

async function playCourse() {
  if (isBusy(at("play-course"))) return;
  if (page.messages.size && !(await confirmed(say("course_confirm"), say("course")))) return;
  const answer = await post("course", {});
  at("course-status").textContent = answer.failed ?? "";
  if (!answer.failed) go(`channel:${page.channels[0].id}`);
}

async function startOver() {
  if (isBusy(at("start-over"))) return;
  if (!(await confirmed(say("start_over_confirm"), say("start_over"), "danger"))) return;
  busy(true);
  const answer = await post("start-over", {});
  busy(page.course.running);
  at("course-status").textContent = answer.failed ?? "";
  at("clock-status").textContent = "";
}

/* A line of the prepared course, as one tells it. */
function told(line) {
  const [, who, act] = line.match(/^(\S+)(?: privat)? > (.*)$/) ?? [null, "ur", ""];
  if (who === "ur") return say("course_clock");
  const name = personOf(who)?.name ?? who;
  const pressed = act.match(/^tryk "(.+?)"/);
  if (pressed) return say("course_press", name, pressed[1]);
  return act.startsWith("udfyld ") ? say("course_fill", name) : say("course_type", name, act);
}

function drawCourse(ended) {
  const { running, step, of, line: words, stuck } = page.course;
  busy(running);
  at("course").hidden = !running;
  if (of) {
    at("course-bar").max = of;
    at("course-bar").value = step;
  } else at("course-bar").removeAttribute("value");
  at("course-line").textContent = of ? `${say("course_step", step, of)}: ${told(words)}.` : "";
  if (running) at("course-status").textContent = "";
  if (ended) at("course-status").textContent = say(stuck ? "course_stuck" : "course_done");
}

function openClock(open) {
  at("clock").classList.toggle("open", open);
  for (const id of ["open-clock", "open-clock-medium"]) {
    at(id).setAttribute("aria-expanded", String(open));
  }
  if (open) at("close-clock").focus();
  else [at("open-clock"), at("open-clock-medium")].find((one) => one.offsetParent)?.focus();
}

guardForm();

/* A closing dialog gives focus back to where it was, unless that was drawn anew meanwhile. */
for (const dialog of [at("form"), at("confirm")]) {
  dialog.addEventListener("close", () => {
    if (document.activeElement === document.body) at("composer-text").focus();
  });
}

// --- the beginning -------------------------------------------------------------------------

at("composer").addEventListener("submit", send);
at("composer-text").addEventListener("keydown", composerKey);
at("composer-text").addEventListener("input", () => {
  grow();
  showSuggestions();
});
// The list can be scrolled with the keyboard too, and stays while it or the field has the focus.
at("suggestions").addEventListener("keydown", (event) => {
  if (event.key === "Escape") at("composer-text").focus();
  composerKey(event);
});
for (const [one, other] of [["composer-text", "suggestions"], ["suggestions", "composer-text"]]) {
  at(one).addEventListener("blur", (event) => {
    if (event.relatedTarget !== at(other)) closeSuggestions();
  });
}
at("back").addEventListener("click", (event) => {
  event.preventDefault();
  (narrow.matches ? at("person-select") : at("places").querySelector("button")).focus();
});
at("person-select").addEventListener("change", (event) => become(event.target.value));
at("place-select").addEventListener("change", (event) => go(event.target.value));
at("open-clock").addEventListener("click", () => openClock(true));
at("open-clock-medium").addEventListener("click", () => openClock(true));
at("close-clock").addEventListener("click", () => openClock(false));
at("clock").addEventListener("keydown", (event) => {
  if (event.key === "Escape" && at("clock").classList.contains("open")) openClock(false);
});
for (const button of document.querySelectorAll("[data-clock]")) {
  button.addEventListener("click", moveClock);
}
at("play-course").addEventListener("click", playCourse);
at("start-over").addEventListener("click", startOver);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && page.me) {
    markRead();
    drawPlaces();
  }
});
narrow.addEventListener("change", () => page.me && drawPlace());
setInterval(tick, 5000);
begin();
