// The phone of somebody without a chat: the project's real page in a frame.

import { make } from "./draw.js";
import { at, page } from "./state.js";
import { language, say } from "./words.js";

let shown = "";

/* Loaded again only where whose phone, the page's address or the language differs, and in another
   language only as long as nothing is written there: what is being written stays. */
export async function drawPhone() {
  const holder = at("phone");
  holder.hidden = !page.visitor;
  if (!page.visitor) return;
  const whose = page.visitor;
  const path = await where();
  if (page.visitor !== whose || path === null) return;
  const opened = `${whose.id} ${path}`;
  const now = `${language} ${opened}`;
  if (now === shown || (shown.endsWith(` ${opened}`) && isWritten(holder))) return;
  shown = now;
  const none = () => make("p", { "data-word": "phone_none" }, say("phone_none"));
  holder.replaceChildren(...(path ? phone(whose, path) : [none()]));
}

function isWritten(holder) {
  const inside = holder.querySelector("iframe")?.contentDocument;
  const fields = inside?.querySelectorAll("textarea, input[type=text]") ?? [];
  return [...fields].some((field) => field.value !== field.defaultValue);
}

async function where() {
  try {
    const response = await fetch("/play/phone");
    return (await response.json()).path ?? null;
  } catch {
    return null;
  }
}

function phone(whose, path) {
  path += `?l=${language}`; // not the browser's language, but that of the playground
  const link = make("a", { href: path, target: "_blank", rel: "noopener" }, say("phone_open"));
  link.dataset.word = "phone_open";
  return [
    make("iframe", { src: path, title: say("phone_title", whose.name) }),
    make("p", { class: "aside", "data-word": "phone_hint" }, say("phone_hint")),
    make("p", {}, link),
  ];
}
