// What somebody does: presses, and words that are sent; and what the answer holds.

import { confirmed, openForm } from "./dialogs.js";
import { line } from "./draw.js";
import { byTime, drawLog, rows } from "./log.js";
import { channelOf, page } from "./state.js";
import { drawKey, post } from "./wire.js";
import { language, say } from "./words.js";

let whispered = 0;

/* Shows what an answer holds. `from` is where the act happened: a place and a message. */
export function take(answer, from) {
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
  take({ language, cards }, from);
}

/* Tokens of presses that have no answer yet: the log may draw their buttons anew meanwhile. */
const underWay = new Set();

export async function press(button, element, from) {
  const { confirm, label, style } = button;
  const spoken = from.language;
  if (confirm && !(await confirmed(line(confirm), line(label), { style, spoken }))) return;
  if (element.getAttribute("aria-disabled") || underWay.has(button.token)) return;
  underWay.add(button.token);
  element.setAttribute("aria-disabled", "true");
  element.setAttribute("aria-busy", "true");
  const body = { token: button.token, key: drawKey(), channel: channelOf(from.place) };
  const answer = await post("press", body);
  underWay.delete(button.token);
  element.removeAttribute("aria-disabled");
  element.removeAttribute("aria-busy");
  if (answer.failed) complain(answer.failed, from);
  else take(answer, from);
}

export function lastMessage() {
  const here = [...page.messages.values()].filter((found) => found.place === page.place);
  const known = new Set(here.map((message) => message.id));
  return here.filter((found) => !known.has(found.thread)).sort(byTime).at(-1)?.id ?? "";
}

/* What is written in a field; answers whether it was sent. */
export async function sendWords(field, fault, { place, anchor, thread }) {
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
