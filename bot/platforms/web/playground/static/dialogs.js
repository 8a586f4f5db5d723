// Forms, and questions that are asked before something is done.

import { take } from "./acts.js";
import { line, make } from "./draw.js";
import { drawForm } from "./fields.js";
import { at, channelOf, page } from "./state.js";
import { post } from "./wire.js";
import { language, say } from "./words.js";

export function openForm(answer, from) {
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
  const show = (faults) => showFaults(faults, fields, above, submit);
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    sendForm(form.token, fields, submit, show, from);
  });
  dialog.replaceChildren(element);
  if (!dialog.open) dialog.showModal();
  if (fields.length) fields[0].focus();
  else title.focus();
  element.querySelector(".fields").scrollTop = 0;
  if (answer.faults?.length) show(told(answer.faults));
}

const told = (faults) => faults.map(({ field, text }) => ({ field, nodes: line(text) }));

/* Each under its field, or above them all; the first of them gets the focus. */
function showFaults(faults, fields, above, submit) {
  const of = (id) => faults.filter((fault) => fault.field === id).flatMap((fault) => fault.nodes);
  for (const field of fields) field.show(of(field.id));
  const known = new Set(fields.map((field) => field.id));
  const others = faults.filter((fault) => !known.has(fault.field));
  above.replaceChildren(...others.map((fault) => make("p", {}, fault.nodes)));
  const first = fields.find((field) => faults.some((fault) => fault.field === field.id));
  if (first) first.focus();
  else if (others.length) submit.focus();
}

async function sendForm(token, fields, submit, show, from) {
  if (submit.getAttribute("aria-disabled")) return;
  const wrong = fields.map((field) => ({ field: field.id, words: field.fault() }));
  const own = wrong.filter((fault) => fault.words);
  show(own.map((fault) => ({ field: fault.field, nodes: [fault.words] })));
  if (own.length) return;
  submit.setAttribute("aria-disabled", "true");
  submit.setAttribute("aria-busy", "true");
  const values = Object.fromEntries(fields.map((field) => [field.id, field.read()]));
  const found = await post("submit", { token, values, channel: channelOf(from.place) });
  submit.removeAttribute("aria-disabled");
  submit.removeAttribute("aria-busy");
  if (found.failed) show([{ field: "", nodes: [found.failed] }]);
  else if (found.faults?.length && !found.form) show(told(found.faults));
  else {
    if (!found.form) closeForm();
    take(found, from);
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
  const leaves = () => confirmed(say("leave"), say("leave_yes"), {
    style: "danger",
    otherwise: say("leave_no"),
  });
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

/* `spoken` is the language of the question and of the button that says yes. */
export function confirmed(question, label, { style = "main", otherwise, spoken = language } = {}) {
  const dialog = at("confirm");
  return new Promise((resolve) => {
    const kind = style === "danger" ? "danger" : "main";
    const yes = make("button", { class: `button ${kind}`, lang: spoken }, label);
    const close = otherwise ?? say("cancel");
    const no = make("button", { type: "button", class: "button quiet" }, close);
    const element = make("form", {}, make("p", { id: "confirm-text", lang: spoken }, question));
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

guardForm();

/* A closing dialog gives focus back to where it was, unless that was drawn anew meanwhile. */
for (const dialog of [at("form"), at("confirm")]) {
  dialog.addEventListener("close", () => {
    if (document.activeElement === document.body) at("composer-text").focus();
  });
}
