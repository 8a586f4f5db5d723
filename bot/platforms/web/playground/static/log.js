// The log: messages, their threads, and what only this window was shown.

import { press, sendWords } from "./acts.js";
import { playCourse, worldNow } from "./clock.js";
import { grow, suggest } from "./composer.js";
import { drawCard, holdsCode, make, mark, plain } from "./draw.js";
import { face } from "./places.js";
import { at, channelOf, page, personOf } from "./state.js";
import { clockTime, day, dayKey, language, moment, say } from "./words.js";

export const rows = new Map(); // what stands in the log, by key: { node, version }
const folded = new Map(); // which threads somebody opened or closed
let settled = 0; // where the log was last put

export const byTime = (a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.seq - b.seq);

export function drawLog(fresh = false) {
  const log = at("log");
  const { scrollHeight, scrollTop, clientHeight } = scroller();
  // Whoever is at the end, or has not moved since they were put there, sees what is new.
  const atEnd = scrollHeight - scrollTop - clientHeight < 120;
  const near = fresh || atEnd || Math.abs(scrollTop - settled) < 2;
  const wanted = [...whisperRows("")];
  let lastDay = wanted.length ? dayKey(worldNow()) : "";
  if (wanted.length) wanted.unshift(dayRow(worldNow()));
  const here = [...page.messages.values()].filter((message) => message.place === page.place);
  const known = new Set(here.map((message) => message.id));
  for (const message of here.filter((one) => !known.has(one.thread)).sort(byTime)) {
    const when = new Date(message.at);
    if (dayKey(when) !== lastDay) wanted.push(dayRow(when));
    lastDay = dayKey(when);
    const replies = here.filter((reply) => reply.thread === message.id).sort(byTime);
    wanted.push(...messageRows(message, replies), ...whisperRows(message.id));
  }
  const empty = !wanted.some(([key]) => !key.startsWith("day:"));
  if (empty) wanted.push(["quiet", page.me.id, drawQuiet]);
  place(log, wanted);
  if (near) toTheEnd(log);
}

/* A row is what it is known by, its version, and how it is drawn. */
function dayRow(when) {
  const words = day(when);
  return [`day:${dayKey(when)}`, words, () => make("h2", { class: "day" }, words)];
}

function messageRows(message, replies) {
  const row = [message.id, message.seq, () => drawMessage(message)];
  if (!channelOf(page.place)) return [row];
  const version = replies.map((reply) => `${reply.id}@${reply.seq}`).join();
  return [row, [`thread:${message.id}`, version, () => drawThread(message, replies)]];
}

/* What only this window was shown, after the message where it was asked for. */
function whisperRows(anchor) {
  const mine = page.whispers.filter(({ by, place }) => by === page.me.id && place === page.place);
  return mine.filter((whisper) => whisper.anchor === anchor).map((whisper) => {
    // One at a time; a code is shown only once and is never folded away.
    const last = whisper === mine.at(-1);
    const open = last || whisper.cards.some(holdsCode);
    const draw = () => (open ? drawWhisper(whisper, last) : drawEarlier(whisper));
    return [whisper.key, `${open} ${last}`, draw];
  });
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
  for (const [key, content, draw] of wanted) {
    const version = `${language} ${content}`;
    let row = rows.get(key);
    if (row === undefined) {
      row = { node: draw(), version };
      rows.set(key, row);
      log.insertBefore(row.node, before);
    } else if (row.version !== version) {
      const back = focusIn(row.node);
      const node = draw();
      if (node.matches(".earlier") && row.node.open) node.open = true;
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
  if (held === row) return (node) => node.focus({ preventScroll: true });
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
  const from = { place: message.place, anchor: message.thread || message.id, language: message.language };
  const pressed = (button, element) => press(button, element, from);
  const body = message.card
    ? drawCard(message.card, message.language, pressed, message.id)
    : make("p", { class: "said", lang: message.language }, message.text);
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
        person ? make("span", { class: "job" }, person.job[language]) : null,
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
  const draft = `${page.me.id}:${message.id}`;
  field.value = drafts.get(draft) ?? "";
  const fault = make("p", { class: "fault", role: "alert" });
  const element = make("form", { class: "reply", autocomplete: "off" });
  element.append(fault, field, make("button", { class: "button plain" }, say("send")));
  field.addEventListener("input", () => {
    drafts.set(draft, field.value);
    grow(field);
  });
  const sends = async (event) => {
    event.preventDefault();
    const { id: thread, place } = message;
    const text = field.value;
    drafts.delete(draft); // the thread may be drawn with the reply before the answer is here
    if (await sendWords(field, fault, { place, thread, anchor: thread })) return;
    drafts.set(draft, text);
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
    make("summary", {}, `${say("earlier")} `, make("span", { lang: whisper.language }, short)),
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
  const from = { place: whisper.place, anchor: whisper.anchor, whisper: whisper.key, language: whisper.language };
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
    node.append(make("div", { class: "buttons" }, write, watch("weeks"), watch("meeting")));
  }
  return node;
}

function watch(course) {
  const about = { type: "button", class: "button plain", "data-course": course };
  const button = make("button", about, say(`course_${course}`));
  button.addEventListener("click", playCourse);
  return button;
}
