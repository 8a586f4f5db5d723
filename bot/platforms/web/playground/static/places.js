// Who I am and where I look: the lists at the left, and the head of the conversation.

import { drawClock, drawCourse } from "./clock.js";
import { showSuggestions } from "./composer.js";
import { make, mark } from "./draw.js";
import { drawLog, rows } from "./log.js";
import { drawPhone } from "./phone.js";
import {
  ROLES,
  at,
  markRead,
  narrow,
  page,
  personOf,
  privatePlace,
  unread,
  waiting,
} from "./state.js";
import { begin } from "./wire.js";
import { language, say, tellAnew } from "./words.js";

export async function become(person) {
  const before = page.visitor;
  page.visitor = page.visitors.find((one) => one.id === person) ?? null;
  if (page.visitor || (before && person === page.me.id)) return look();
  if (person === page.me.id) return;
  const away = page.place.startsWith("private:");
  page.me = personOf(person);
  if (away) page.place = privatePlace(person);
  await begin();
}

export function go(place) {
  page.place = place;
  page.visitor = null;
  markRead();
  look();
}

function look() {
  drawPlaces();
  drawPeople();
  drawPlace();
}

function places() {
  return [
    ...page.channels.map((channel) => ({
      id: `channel:${channel.id}`,
      name: channel.name,
      about: channel.about[language],
    })),
    {
      id: privatePlace(page.me.id),
      name: say("private"),
      about: say("private_about", page.me.name),
    },
  ];
}

export function face(person) {
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

export function drawPlaces() {
  const found = places().map((place) => ({ ...place, news: unread(place.id) }));
  redraw(
    at("places"),
    found.map(({ id, name, news }) => {
      const here = id === page.place && !page.visitor;
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
  const phone = page.visitor ? [make("option", { value: "" }, say("phone_place"))] : [];
  at("place-select").replaceChildren(
    ...phone,
    ...found.map(({ id, name, news }) =>
      make("option", { value: id }, news ? `${name} (${say("unread", news)})` : name),
    ),
  );
  at("place-select").value = page.visitor ? "" : page.place;
}

export function drawPeople() {
  const all = [...page.people, ...page.visitors];
  const groups = ROLES.map((role) => [role, all.filter((one) => one.role === role)]);
  redraw(
    at("people"),
    groups.flatMap(([role, people]) => [
      make("h3", { id: `role-${role}` }, say(`role_${role}`)),
      make(
        "ul",
        { "aria-labelledby": `role-${role}` },
        people.map((person) => make("li", {}, personButton(person))),
      ),
    ]),
  );
  const option = (person) => {
    const letters = waiting(person);
    const name = letters ? `${person.name} (${say("unread", letters)})` : person.name;
    return make("option", { value: person.id }, name);
  };
  at("person-select").replaceChildren(
    ...groups.map(([role, people]) =>
      make("optgroup", { label: say(`role_${role}`) }, people.map(option)),
    ),
  );
  at("person-select").value = (page.visitor ?? page.me).id;
  const other = page.people.find((person) => person.id !== page.me.id);
  at("another").href = `/?as=${encodeURIComponent(other.id)}`;
}

function personButton(person) {
  const letters = waiting(person);
  const here = person.id === (page.visitor ?? page.me).id && "true";
  const button = make(
    "button",
    { type: "button", class: "choose", "data-id": person.id, "aria-current": here },
    face(person),
    make("span", { class: "name" }, person.name, make("span", { class: "job" }, person.job[language])),
  );
  if (letters) {
    const news = make("span", { class: "news", title: say("letters", letters) });
    news.append(say("unread", letters));
    button.append(news);
  }
  button.addEventListener("click", () => become(person.id));
  return button;
}

export function drawPlace() {
  drawHead();
  if (page.visitor) return;
  const log = at("log");
  log.replaceChildren();
  rows.clear();
  quietly(() => drawLog(true));
}

/* What was here before is no news. */
function quietly(draw) {
  const log = at("log");
  log.setAttribute("aria-live", "off");
  draw();
  setTimeout(() => log.setAttribute("aria-live", "polite"), 300);
}

function drawHead() {
  for (const id of ["log", "composer"]) at(id).hidden = Boolean(page.visitor);
  at("skip").href = page.visitor ? "#phone" : "#composer-text";
  drawPhone();
  if (page.visitor) {
    at("place-title").textContent = page.visitor.name;
    at("place-about").textContent = say("phone_about");
    document.title = `${page.visitor.name} · Digi`;
    return;
  }
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
}

function drawLabels() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = say(element.dataset.word);
  }
}

/* Says everything anew when whoever is chosen has changed language. What is being written stays. */
export function drawWords() {
  drawLabels();
  drawPlaces();
  drawPeople();
  drawHead();
  quietly(drawLog);
  drawClock();
  drawCourse(true);
  tellAnew();
  if (!at("suggestions").hidden) showSuggestions();
}

export function drawAll() {
  drawLabels();
  if (!page.place) page.place = new URLSearchParams(location.search).get("place") ?? "";
  if (!places().some((place) => place.id === page.place)) page.place = places()[0].id;
  markRead();
  drawPlaces();
  drawPeople();
  drawPlace();
  drawClock();
  drawCourse(true);
}
