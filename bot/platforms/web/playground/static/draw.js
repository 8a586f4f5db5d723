// Cards and forms become elements here, and only here. Text is always text: nothing that
// anybody wrote is ever read as markup.

import { say } from "./words.js";

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
    const end = matterEnd(parts, at);
    const last = groups.at(-1);
    const kind = end ? "matters" : parts[at].type === "buttons" ? "actions" : "part";
    const item = end ? parts.slice(at, end) : parts[at];
    if (last?.kind === kind && kind !== "part") last.items.push(item);
    else groups.push({ kind, items: [item] });
    at = end || at + 1;
  }
  return groups;
}

/* A matter is what somebody wrote, at most a line about it, and one way in. Answers where it ends
   if one begins here, and 0 otherwise. */
function matterEnd(parts, at) {
  if (parts[at].type !== "quote") return 0;
  const about = ["paragraph", "small"].includes(parts[at + 1]?.type) ? 1 : 0;
  const way = parts[at + 1 + about];
  const only = way?.type === "buttons" && way.buttons.length === 1;
  return only && parts[at + 2 + about]?.type !== "buttons" ? at + 2 + about : 0;
}

function drawGroup({ kind, items }, press, key) {
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
  const [quote, about] = parts;
  const [button] = parts.at(-1).buttons;
  return make(
    "li",
    {},
    make(
      "div",
      {},
      make("blockquote", {}, line(quote.words)),
      quote.by && make("p", { class: "small" }, line(quote.by)),
      parts.length > 2 ? make("p", { class: "small" }, line(about.text)) : null,
    ),
    make("div", { class: "buttons" }, drawButton({ ...button, style: "way" }, press)),
  );
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
  const more = make("button", { type: "button", class: "button more", "aria-controls": rest.id });
  more.append(say("more"));
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

function drawPart(part) {
  switch (part.type) {
    case "heading":
      return make("h3", {}, line(part.text));
    case "paragraph":
      return part.text.some(isCode) ? withCode(part.text) : make("p", {}, line(part.text));
    case "small":
      return make("p", { class: "small" }, line(part.text));
    case "facts":
      return make(
        "dl",
        { class: "facts" },
        part.rows.map(([name, value]) =>
          make("div", {}, make("dt", {}, line(name)), make("dd", {}, line(value))),
        ),
      );
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
    default:
      throw new Error(`no such part: ${part.type}`);
  }
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
  const told = make("span", { class: "small", role: "status" });
  const copy = make("button", { type: "button", class: "button plain" }, say("copy"));
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

// --- forms ---------------------------------------------------------------------------------

let drawn = 0;

function unique() {
  drawn += 1;
  return `drawn-${drawn}`;
}

const length = (text) => [...text].length;

/* Each field is { id, element, read(), fault(): what is wrong with it or "", show(nodes) }. */
export function drawForm(form, people) {
  const fields = [];
  const elements = form.fields.map((field) => {
    if (field.type === "note") return make("p", { class: "note" }, line(field.text));
    const control = drawField(field, people);
    fields.push(control);
    return control.element;
  });
  return { elements, fields };
}

function drawField(field, people) {
  switch (field.type) {
    case "textfield":
      return textField(field);
    case "choice":
      return choice(field);
    case "choices":
      return several(field, field.options, field.values, "missing_choices");
    case "people": {
      const options = people.map((person) => ({
        value: person.id,
        label: [{ type: "plain", text: person.name }],
        hint: [{ type: "plain", text: person.job }],
      }));
      if (field.many) return manyPeople(field, options);
      const names = people.map((person) => [person.id, `${person.name} (${person.job})`]);
      return select(field, names, field.values[0] ?? "", "nobody", "missing_people");
    }
    case "datefield":
      return moment(field, "date", field.value ?? "", (value) => value);
    case "timefield":
      return moment(field, "time", fromMinutes(field.value), toMinutes);
    default:
      throw new Error(`no such field: ${field.type}`);
  }
}

function fromMinutes(value) {
  if (value === null || value === undefined) return "";
  const two = (number) => String(number).padStart(2, "0");
  return `${two(Math.floor(value / 60))}:${two(value % 60)}`;
}

function toMinutes(value) {
  if (!value) return "";
  const [hour, minute] = value.split(":").map(Number);
  return String(hour * 60 + minute);
}

function required(field) {
  return field.required ? make("span", { class: "required" }, ` (${say("required")})`) : null;
}

/* What every field has around it: label, hint, and a place for what is wrong. */
function frame(field, control, { group = false, extra = null } = {}) {
  const hint = field.hint ? make("p", { class: "hint", id: unique() }, line(field.hint)) : null;
  const fault = make("p", { class: "fault", id: unique(), hidden: true });
  const describedBy = [hint?.id, extra?.id, fault.id].filter(Boolean).join(" ");
  const first = group ? control.querySelector("summary, input") : control;
  const label = [...line(field.label), required(field)];
  let element;
  if (group) {
    element = make("fieldset", { class: "field", "aria-describedby": describedBy });
    element.append(make("legend", {}, label), ...[hint, control, fault].filter(Boolean));
  } else {
    control.id = unique();
    control.setAttribute("aria-describedby", describedBy);
    if (field.required) control.setAttribute("aria-required", "true");
    element = make("div", { class: "field" }, make("label", { for: control.id }, label));
    element.append(...[hint, control, extra, fault].filter(Boolean));
  }
  return {
    id: field.id,
    element,
    focus: () => (first ?? element).focus(),
    show(nodes) {
      fault.replaceChildren(...nodes);
      fault.hidden = nodes.length === 0;
      element.classList.toggle("wrong", nodes.length > 0);
      for (const input of element.querySelectorAll("input, textarea, select")) {
        if (nodes.length) {
          input.setAttribute("aria-invalid", "true");
          if (group) input.setAttribute("aria-describedby", fault.id);
        } else {
          input.removeAttribute("aria-invalid");
          if (group) input.removeAttribute("aria-describedby");
        }
      }
    },
  };
}

function textField(field) {
  const control = field.long
    ? make("textarea", { rows: "4" })
    : make("input", { type: "text", autocomplete: "off" });
  control.value = field.value ? plain(field.value) : "";
  const count = make("p", { class: "count", id: unique(), "aria-live": "polite" });
  const spare = () => field.limit - length(control.value);
  const near = () => {
    const left = spare();
    if (left < 0) count.textContent = say("over", -left);
    else count.textContent = left <= Math.max(20, field.limit * 0.1) ? say("left", left) : "";
    count.classList.toggle("over", left < 0);
  };
  control.addEventListener("input", near);
  near();
  return {
    ...frame(field, control, { extra: count }),
    read: () => control.value,
    fault() {
      if (field.required && !control.value.trim()) return say("missing_text");
      return spare() < 0 ? say("too_long", -spare()) : "";
    },
  };
}

function choice(field) {
  if (field.options.length > 7) {
    const names = field.options.map((option) => [option.value, plain(option.label)]);
    return select(field, names, field.value, "none", "missing_choice");
  }
  const none = { value: "", label: [{ type: "plain", text: say("none") }], hint: null };
  const options = field.required ? field.options : [...field.options, none];
  const name = unique();
  const { list, inputs } = boxes("radio", name, options, [field.value]);
  const read = () => inputs.find((input) => input.checked)?.value ?? "";
  return {
    ...frame(field, list, { group: true }),
    read,
    fault: () => (field.required && !read() ? say("missing_choice") : ""),
  };
}

/* A whole team is a long list: it is folded, and its first line says who is chosen. */
function manyPeople(field, options) {
  const { list, inputs } = boxes("checkbox", unique(), options, field.values);
  list.classList.add("columns");
  const summary = make("summary");
  const fold = make("details", { class: "pick" }, summary, list);
  const chosen = () => options.filter((_, index) => inputs[index].checked);
  const tell = () => {
    const names = chosen().map((option) => plain(option.label));
    summary.textContent = names.join(", ") || say("nobody");
  };
  list.addEventListener("change", tell);
  tell();
  return {
    ...frame(field, fold, { group: true }),
    read: () => chosen().map((option) => option.value),
    fault: () => (field.required && !chosen().length ? say("missing_people") : ""),
  };
}

function several(field, options, values, missing) {
  const { list, inputs } = boxes("checkbox", unique(), options, values);
  const read = () => inputs.filter((input) => input.checked).map((input) => input.value);
  return {
    ...frame(field, list, { group: true }),
    read,
    fault: () => (field.required && !read().length ? say(missing) : ""),
  };
}

function boxes(type, name, options, chosen) {
  const inputs = [];
  const list = make("div", { class: "options" });
  for (const option of options) {
    const input = make("input", { type, name, id: unique() });
    input.value = option.value;
    input.checked = chosen.includes(option.value);
    inputs.push(input);
    const hint = option.hint && make("span", { class: "hint" }, line(option.hint));
    const words = make("span", {}, make("span", {}, line(option.label)), hint);
    list.append(make("label", { class: "option", for: input.id }, input, words));
  }
  return { list, inputs };
}

function select(field, names, value, none, missing) {
  const control = make("select");
  control.append(make("option", { value: "" }, say(none)));
  for (const [id, name] of names) control.append(make("option", { value: id }, name));
  control.value = names.some(([id]) => id === value) ? value : "";
  return {
    ...frame(field, control),
    read: () => control.value,
    fault: () => (field.required && !control.value ? say(missing) : ""),
  };
}

function moment(field, type, value, read) {
  const control = make("input", { type });
  control.value = value;
  return {
    ...frame(field, control),
    read: () => read(control.value),
    fault() {
      // A half-written date reads as empty, and would be lost without a word.
      if (control.validity.badInput) return say(`bad_${type}`);
      return field.required && !control.value ? say(`missing_${type}`) : "";
    },
  };
}
