// The phone of somebody without a chat: the project's real page in a frame.

import { make } from "./draw.js";
import { at, page } from "./state.js";
import { say } from "./words.js";

let shown = "";

/* Loaded again only where whose phone or the page's address differs: what is being written stays. */
export async function drawPhone() {
  const holder = at("phone");
  holder.hidden = !page.visitor;
  if (!page.visitor) return;
  const whose = page.visitor;
  const path = await where();
  const now = `${whose.id} ${page.me.locale} ${path}`;
  if (page.visitor !== whose || path === null || now === shown) return;
  shown = now;
  holder.replaceChildren(...(path ? phone(whose, path) : [make("p", {}, say("phone_none"))]));
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
  path += `?l=${page.me.locale}`; // not the browser's language, but that of the playground
  const link = make("a", { href: path, target: "_blank", rel: "noopener" }, say("phone_open"));
  return [
    make("iframe", { src: path, title: say("phone_title", whose.name) }),
    make("p", { class: "aside" }, say("phone_hint")),
    make("p", {}, link),
  ];
}
