// Forms become elements here, and only here; as with cards, text is always text.

import { line, make, plain, unique } from "./draw.js";
import { language, say } from "./words.js";

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
        hint: [{ type: "plain", text: person.job[language] }],
      }));
      if (field.many) return manyPeople(field, options);
      const names = people.map((person) => [person.id, `${person.name} (${person.job[language]})`]);
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

/* Said of what is empty: nobody has to fill in what is filled in already. */
function required(field) {
  const held = field.values ?? field.value;
  const empty = held === undefined || held === null || held === "" || held.length === 0;
  return field.required && empty
    ? make("span", { class: "required" }, ` (${say("required")})`)
    : null;
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
