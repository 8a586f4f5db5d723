// The text field, and the list of commands above it.

import { lastMessage, sendWords } from "./acts.js";
import { make } from "./draw.js";
import { at, page } from "./state.js";
import { say } from "./words.js";

let active = -1;

export async function send(event) {
  event?.preventDefault();
  const from = { place: page.place, anchor: lastMessage() };
  if (!(await sendWords(at("composer-text"), at("composer-fault"), from))) return;
  grow();
  closeSuggestions();
}

export function grow(field = at("composer-text")) {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, 200)}px`;
}

export function suggest(text) {
  const field = at("composer-text");
  field.value = text;
  field.focus();
  grow();
  showSuggestions();
}

export function showSuggestions() {
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

export function closeSuggestions() {
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

export function composerKey(event) {
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
