// Cards become elements here, and only here. Text is always text: nothing that anybody wrote is
// ever read as markup.

import { language, say } from "./words.js";

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export function mark() {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "mark");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", "#mark");
  svg.append(use);
  return svg;
}

// --- lines ---------------------------------------------------------------------------------

export function plain(spans) {
  return spans.map((span) => (span.type === "mention" ? span.name : span.text)).join("");
}

function drawSpan(span) {
  switch (span.type) {
    case "plain":
      return document.createTextNode(span.text);
    case "strong":
      return make("strong", {}, span.text);
    case "emph":
      return make("em", {}, span.text);
    case "mention":
      return make("span", { class: "mention" }, span.name);
    case "quoted":
      return make("span", { class: "quoted" }, span.text);
    case "link":
      if (!/^https?:\/\//i.test(span.url)) return document.createTextNode(span.text);
      return make("a", { href: span.url, target: "_blank", rel: "noopener noreferrer" }, span.text);
    default:
      throw new Error(`no such span: ${span.type}`);
  }
}

export function line(spans) {
  return (spans ?? []).map(drawSpan);
}

// --- cards ---------------------------------------------------------------------------------

export function drawCard(card, language, press, key = "") {
  const groups = grouped(card.parts);
  const parts = groups.map((group, index) => drawGroup(group, press, `${key}:${index}`));
  return make("div", { class: "card", lang: language }, parts);
}

/* Buttons that follow one another are one set, and matters one list; the rest stands alone. */
function grouped(parts) {
  const groups = [];
  let at = 0;
  while (at < parts.length) {
    const matters = mattersFrom(parts, at);
    if (matters.length) {
      groups.push({ kind: "matters", items: matters });
      at += matters.flat().length;
      continue;
    }
    const part = parts[at];
    const row = part.type === "buttons";
    if (row && groups.at(-1)?.kind === "actions") groups.at(-1).items.push(part);
    else groups.push({ kind: row ? "actions" : "part", items: [part] });
    at += 1;
  }
  return groups;
}

/* The matters that follow one another from here on. One alone is a card of its own, unless it is
   what somebody wrote and has one way in. Where more was quoted, as what was sent and the answer
   to it, a button belongs to the whole card. */
function mattersFrom(parts, at) {
  const found = [];
  let next = at;
  while (parts[next]?.type === parts[at].type) {
    const end = matterEnd(parts, next);
    if (!end) break;
    found.push(parts.slice(next, end));
    next = end;
  }
  const alone = found.length === 1;
  const only = parts.filter((part) => part.type === "quote").length === 1;
  const quoted = only && parts[at].type === "quote" && found[0]?.at(-1).buttons.length === 1;
  return alone && !quoted ? [] : found;
}

/* A matter is what somebody wrote, with at most a line about it, or a sentence with something to
   do first, and then one or two ways in. Answers where it ends if one begins here. */
function matterEnd(parts, at) {
  const quote = parts[at].type === "quote";
  const about = quote && ["paragraph", "small"].includes(parts[at + 1]?.type) ? 1 : 0;
  const end = at + 1 + about;
  const ways = parts[end]?.type === "buttons" ? parts[end].buttons : [];
  const first = ways.some((button) => button.style === "main");
  const waits = quote || (parts[at].type === "paragraph" && first);
  const few = ways.length === 1 || ways.length === 2;
  return waits && few && parts[end + 1]?.type !== "buttons" ? end + 1 : 0;
}

function drawGroup({ kind, items }, press, key) {
  if (items[0].type === "matters") return drawList(items[0], press);
  switch (kind) {
    case "matters":
      return make("ul", { class: "matters" }, items.map((matter) => drawMatter(matter, press)));
    case "actions":
      return drawActions(items.flatMap((part) => part.buttons), press, key);
    default:
      return drawPart(items[0]);
  }
}

function drawMatter(parts, press) {
  const [first, about] = parts;
  const { buttons } = parts.at(-1);
  const words = first.type === "quote"
    ? [make("blockquote", {}, line(first.words)), first.by && drawSmall(first.by)]
    : [drawPart(first)];
  if (parts.length > 2) words.push(drawSmall(about.text));
  const id = unique();
  const ways = buttons.map((button) => drawButton({ ...button, style: "way" }, press));
  for (const way of ways) way.setAttribute("aria-describedby", id); // many are called the same
  return make(
    "li",
    { class: ways.length > 1 ? "several" : null },
    make("div", { id }, words),
    make("div", { class: "buttons" }, ways),
  );
}

/* A list of what waits: its kind, its words and a line about it, then what was promised and the way
   in. A way in is described by its words, because many are called the same. */
function drawList(part, press) {
  return make("ul", { class: "matters" }, part.items.map((one) => drawListed(one, press)));
}

function drawListed({ kind, words, about, promise, due, button }, press) {
  const id = unique();
  const way = button && drawButton({ ...button, style: "way" }, press);
  if (way) way.setAttribute("aria-describedby", id);
  const said = kind ? make("blockquote", {}, line(words)) : make("p", {}, line(words));
  return make(
    "li",
    { class: "listed" },
    make("p", { class: "kind" }, line(kind)),
    make("div", { class: "words", id }, said, about && drawSmall(about)),
    make(
      "div",
      { class: "ways" },
      promise && make("span", { class: `chip ${due}`.trim() }, line(promise)),
      way && make("div", { class: "buttons" }, way),
    ),
  );
}

function drawSmall(text) {
  return make("p", { class: "small" }, line(text));
}

const unfolded = new Set(); // whose further buttons somebody has opened

/* One main button and two beside it; whatever else there is to do is behind *Mere*. */
function drawActions(buttons, press, key) {
  const main = buttons.findIndex((button) => button.style === "main");
  const first = buttons.map((_, index) => index).filter((index) => index !== main).slice(0, 2);
  const near = (_, index) => main < 0 || buttons.length < 4 || index === main || first.includes(index);
  const row = make("div", { class: "buttons" });
  row.append(...buttons.filter(near).map((button) => drawButton(button, press)));
  const others = buttons.filter((button, index) => !near(button, index));
  if (others.length) row.append(...drawMore(others, press, key));
  return row;
}

function drawMore(buttons, press, key) {
  const rest = make("div", { class: "rest", id: unique() });
  rest.append(...buttons.map((button) => drawButton(button, press)));
  // In the window's language, whatever the card's is.
  const attributes = { type: "button", class: "button more", lang: language, "aria-controls": rest.id };
  const more = make("button", attributes, say("more"));
  const show = () => {
    more.setAttribute("aria-expanded", String(unfolded.has(key)));
    rest.hidden = !unfolded.has(key);
  };
  more.addEventListener("click", () => {
    if (!unfolded.delete(key)) unfolded.add(key);
    show();
  });
  show();
  return [more, rest];
}

/** A list as long as the help, with names as short as commands, is set closer, so that it fits on
 *  a screen. Beside longer names the narrow screen of a phone would leave no room for the values. */
function drawFacts(rows) {
  const drawn = rows.map(([name, value]) => [make("dt", {}, line(name)), make("dd", {}, line(value))]);
  const close = drawn.length > 8 && drawn.every(([name]) => name.textContent.length <= 24);
  return make("dl", { class: close ? "facts close" : "facts" }, drawn.map((row) => make("div", {}, row)));
}

function drawPart(part) {
  switch (part.type) {
    case "heading":
      return make("h3", {}, line(part.text));
    case "paragraph":
      return part.text.some(isCode) ? withCode(part.text) : make("p", {}, line(part.text));
    case "small":
      return drawSmall(part.text);
    case "facts":
      return drawFacts(part.rows);
    case "quote":
      return make(
        "figure",
        {},
        make("blockquote", {}, line(part.words)),
        part.by && make("figcaption", {}, line(part.by)),
      );
    case "bullets":
      return make(
        part.numbered ? "ol" : "ul",
        part.to_fill_in ? { class: "to-fill-in" } : {},
        part.items.map((item) => make("li", {}, line(item))),
      );
    case "progress": {
      const label = make("p", { id: unique() }, line(part.label));
      const bar = make("progress", { "aria-labelledby": label.id });
      bar.max = Math.max(part.of, 1);
      bar.value = part.step;
      return make("div", { class: "progress" }, bar, label);
    }
    case "board":
      return make("div", { class: "board" }, part.columns.map(drawLane));
    case "grid":
      return drawGrid(part);
    case "steps":
    case "chart":
      return drawPicture(part);
    default:
      throw new Error(`no such part: ${part.type}`);
  }
}

function drawLane({ name, notes, under }) {
  const title = make("h4", { id: unique() }, line(name));
  const list = notes.length ? make("ul", { "aria-labelledby": title.id }, notes.map(drawNote)) : null;
  return make("section", {}, title, list, under && drawSmall(under));
}

/* The kind stands as a word on the note; its sign and its colour come from the style. */
function drawNote({ words, sign, kind, about }) {
  return make(
    "li",
    { class: `sheet ${sign}` },
    kind && make("p", { class: "kind" }, line(kind)),
    make("p", {}, line(words)),
    about && drawSmall(about),
  );
}

/* A table that becomes one block a row where it has no room; the roles keep it a table. */
function drawGrid({ columns, rows }) {
  const cell = (spans, index) => make(
    index ? "td" : "th",
    {
      class: plain(spans).trim() ? null : "empty",
      role: index ? "cell" : "rowheader",
      "data-column": plain(columns[index] ?? []),
    },
    line(spans),
  );
  const head = columns.map((name) => make("th", { role: "columnheader" }, line(name)));
  return make(
    "div",
    { class: "grid-box" },
    make(
      "table",
      { class: "grid", role: "table" },
      make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, head)),
      make("tbody", { role: "rowgroup" }, rows.map((row) => make("tr", { role: "row" }, row.map(cell)))),
    ),
  );
}

const WIDTHS = ["at-320", "at-390", "at-card"]; // the classes of the drawings, narrowest first

/* The style shows one of the drawings. They hold words of ours only, and what is read by a parser
   is never run. Steps are words already; a chart has its sentence beside it. */
function drawPicture(part) {
  const drawings = part.drawings.map((svg, index) => {
    const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
    const drawing = document.importNode(parsed.documentElement, true);
    drawing.classList.add(WIDTHS[index]);
    return drawing;
  });
  const beside = part.type === "chart" ? drawSmall(part.sentence) : null;
  return make("div", { class: "picture-box" }, drawings, beside);
}

const CODE = /^(?:[0-9A-Z]{4}-){4}[0-9A-Z]$/;
const isCode = (span) => ["strong", "quoted"].includes(span.type) && CODE.test(span.text);

export function holdsCode(card) {
  return card.parts.some((part) => part.type === "paragraph" && part.text.some(isCode));
}

/* A code stands alone, large, with a button that copies it; it is shown this once. */
function withCode(spans) {
  const index = spans.findIndex(isCode);
  const code = spans[index].text;
  const lang = language; // the window's, whatever the card's is
  const told = make("span", { class: "small", role: "status", lang });
  const copy = make("button", { type: "button", class: "button plain", lang }, say("copy"));
  const shown = make("code", { tabindex: "-1" }, code);
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code);
      told.textContent = say("copied");
    } catch {
      getSelection().selectAllChildren(shown);
      told.textContent = say("copy_yourself");
    }
  });
  const after = spans.slice(index + 1);
  const rest = /^[\s.]*$/.test(plain(after)) ? null : make("p", {}, line(after));
  const box = make("div", { class: "code" }, shown, copy, told);
  return make("div", {}, make("p", {}, line(spans.slice(0, index))), box, rest);
}

function drawButton(button, press) {
  const element = make("button", { type: "button", class: `button ${button.style}` });
  element.append(...line(button.label));
  element.addEventListener("click", () => press(button, element));
  return element;
}

let drawn = 0;

export function unique() {
  drawn += 1;
  return `drawn-${drawn}`;
}
