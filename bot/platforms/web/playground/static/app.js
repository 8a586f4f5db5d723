// The playground's page: everything that can be pressed on it, and the beginning.

import { moveClock, openClock, playCourse, startOver, tick } from "./clock.js";
import { closeSuggestions, composerKey, grow, send, showSuggestions } from "./composer.js";
import { become, drawPlace, drawPlaces, go } from "./places.js";
import { at, markRead, narrow, page } from "./state.js";
import { begin } from "./wire.js";

at("composer").addEventListener("submit", send);
at("composer-text").addEventListener("keydown", composerKey);
at("composer-text").addEventListener("input", () => {
  grow();
  showSuggestions();
});
// The list can be scrolled with the keyboard too, and stays while it or the field has the focus.
at("suggestions").addEventListener("keydown", (event) => {
  if (event.key === "Escape") at("composer-text").focus();
  composerKey(event);
});
for (const [one, other] of [["composer-text", "suggestions"], ["suggestions", "composer-text"]]) {
  at(one).addEventListener("blur", (event) => {
    if (event.relatedTarget !== at(other)) closeSuggestions();
  });
}
at("back").addEventListener("click", (event) => {
  event.preventDefault();
  (narrow.matches ? at("person-select") : at("places").querySelector("button")).focus();
});
at("person-select").addEventListener("change", (event) => become(event.target.value));
at("place-select").addEventListener("change", (event) => go(event.target.value));
at("open-clock").addEventListener("click", () => openClock(true));
at("open-clock-medium").addEventListener("click", () => openClock(true));
at("close-clock").addEventListener("click", () => openClock(false));
at("clock").addEventListener("keydown", (event) => {
  if (event.key === "Escape" && at("clock").classList.contains("open")) openClock(false);
});
for (const button of document.querySelectorAll("[data-clock]")) {
  button.addEventListener("click", moveClock);
}
for (const button of document.querySelectorAll("[data-course]")) {
  button.addEventListener("click", playCourse);
}
at("start-over").addEventListener("click", startOver);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && page.me) {
    markRead();
    drawPlaces();
  }
});
narrow.addEventListener("change", () => page.me && drawPlace());
setInterval(tick, 5000);
begin();
