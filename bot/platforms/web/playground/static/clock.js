// The clock, the prepared courses, and where the screen of a meeting is.

import { confirmed } from "./dialogs.js";
import { make } from "./draw.js";
import { go } from "./places.js";
import { at, page, personOf } from "./state.js";
import { post } from "./wire.js";
import { language, moment, say, tell } from "./words.js";

export function takeTime(time) {
  page.clock = {
    now: Date.parse(time.now),
    since: performance.now(),
    landmarks: time.landmarks,
    wall: time.wall,
  };
}

export function worldNow() {
  return new Date(page.clock.now + performance.now() - page.clock.since);
}

export function tick() {
  const now = worldNow();
  if (ahead().length !== at("landmarks").children.length) drawLandmarks();
  at("now").dateTime = now.toISOString();
  at("now").textContent = moment(now);
}

export function drawClock() {
  tick();
  drawLandmarks();
  drawWall();
}

/* What has come is no longer ahead. */
function ahead() {
  const due = (name) => new Date(page.clock.landmarks[name] ?? 0);
  return ["question", "overview", "release"]
    .map((name) => ({ name, when: due(name) }))
    .filter(({ when }) => when > worldNow());
}

function drawLandmarks() {
  const row = ({ name, when }) =>
    make("div", {}, make("dt", {}, say(`next_${name}`)), make("dd", {}, moment(when)));
  at("landmarks").replaceChildren(...ahead().map(row));
}

let wallShown = "";

/* Drawn again only where something differs, so that a link keeps the focus. */
function drawWall() {
  const { screen, leading } = page.clock.wall;
  const now = `${language} ${screen} ${leading}`;
  if (now === wallShown) return;
  wallShown = now;
  const link = (href, words) =>
    make("a", { href, target: "_blank", rel: "noopener" }, say(words));
  const links = [link(screen, "wall_screen"), link(leading, "wall_leading")];
  at("wall").replaceChildren(...(screen ? links : []));
}

function busy(on) {
  for (const button of document.querySelectorAll("[data-clock], [data-course], #start-over")) {
    if (on) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  }
}

/* Whether the button must wait; while a course is played it says so. */
function mustWait(button, status) {
  const { running, course } = page.course;
  if (running) tell(status, () => say(`playing_${course}`));
  return running || button.getAttribute("aria-disabled") === "true";
}

function failed(status, answer) {
  tell(status);
  at(status).textContent = answer.failed ?? "";
}

export async function moveClock(event) {
  const button = event.currentTarget;
  if (mustWait(button, "clock-status")) return;
  busy(true);
  tell("clock-status", () => say("moving"));
  const answer = await post("clock", { to: button.dataset.clock });
  busy(page.course.running);
  if (answer.time) {
    takeTime(answer.time);
    drawClock();
    const now = worldNow();
    tell("clock-status", () => say("moved", moment(now)));
  } else failed("clock-status", answer);
}

export async function playCourse(event) {
  const button = event.currentTarget;
  const { course } = button.dataset;
  if (mustWait(button, "course-status")) return;
  if (page.messages.size) {
    const sure = await confirmed(say(`confirm_${course}`), say(`course_${course}`));
    if (!sure || mustWait(button, "course-status")) return;
  }
  const answer = await post("course", { course });
  failed("course-status", answer);
  if (!answer.failed) go(`channel:${page.channels[0].id}`);
}

export async function startOver() {
  if (mustWait(at("start-over"), "course-status")) return;
  if (!(await confirmed(say("start_over_confirm"), say("start_over"), { style: "danger" }))) return;
  busy(true);
  const answer = await post("start-over", {});
  busy(page.course.running);
  failed("course-status", answer);
  tell("clock-status");
}

/* A line of the prepared course, as one tells it. */
function told(line) {
  const [, who, act] = line.match(/^(\S+)(?: privat)? > (.*)$/) ?? [null, "ur", ""];
  if (who === "ur") return say("course_clock");
  const name = personOf(who)?.name ?? who;
  const pressed = act.match(/^tryk "(.+?)"/);
  if (pressed) return say("course_press", name, pressed[1]);
  return act.startsWith("udfyld ") ? say("course_fill", name) : say("course_type", name, act);
}

let wasRunning = false;

/* `loaded`: with the whole page, so that nobody knows how a course that was running has ended. */
export function drawCourse(loaded) {
  const { running, course, step, of, line: words, stuck } = page.course;
  busy(running);
  at("course").hidden = !running;
  if (of) {
    at("course-bar").max = of;
    at("course-bar").value = step;
  } else at("course-bar").removeAttribute("value");
  at("course-line").textContent = of ? `${say("course_step", step, of)}: ${told(words)}.` : "";
  if (running === wasRunning) return;
  wasRunning = running;
  const over = () => say(`${stuck ? "stuck" : "done"}_${course}`);
  tell("course-status", running || loaded ? undefined : over);
  tell("clock-status");
}

export function openClock(open) {
  at("clock").classList.toggle("open", open);
  for (const id of ["open-clock", "open-clock-medium"]) {
    at(id).setAttribute("aria-expanded", String(open));
  }
  if (open) at("close-clock").focus();
  else [at("open-clock"), at("open-clock-medium")].find((one) => one.offsetParent)?.focus();
}
