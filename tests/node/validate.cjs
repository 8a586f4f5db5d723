// What Microsoft's own packages say, a line of JSON in and a line of JSON out, until stdin closes.
// {"kind": "card" | "manifest" | "translation", "body": {...}} -> {"problems": [...], ...}
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");
const { parseHTML } = require("linkedom");

// The renderer wants a page: one that has all a renderer asks for, and no browser.
const { window } = parseHTML("<!doctype html><html><body></body></html>");
const NEEDED = [
  "document", "Node", "Element", "Event", "HTMLElement", "HTMLInputElement", "HTMLTextAreaElement",
  "HTMLSelectElement", "HTMLButtonElement", "HTMLImageElement",
];
Object.assign(globalThis, { window }, Object.fromEntries(NEEDED.map((name) => [name, window[name]])));
Object.defineProperty(window.HTMLElement.prototype, "innerText", {
  configurable: true,
  get() { return this.textContent; },
  set(text) { this.textContent = text; },
});

const AC = require("adaptivecards/dist/adaptivecards.js");
const markdown = require("markdown-it")();
AC.AdaptiveCard.onProcessMarkdown = (text, result) => {
  result.outputHtml = markdown.render(text);
  result.didProcess = true;
};
// Theirs has the flag g, so that it remembers where it stopped and refuses every second language.
AC.CardElement.langProperty.regEx = /^[a-z]{2,3}$/i;
const VERSION = AC.Versions.v1_5;
const TEAMS = new AC.HostConfig({ actions: { maxActions: 6 }, supportsInteractivity: true });

// --- cards ------------------------------------------------------------------------------------

// What holds others, and what a part of it is where it does not say so itself.
const CHILDREN = {
  AdaptiveCard: { body: "", actions: "" },
  Container: { items: "" },
  ColumnSet: { columns: "Column" },
  Column: { items: "" },
  Table: { rows: "TableRow" },
  TableRow: { cells: "TableCell" },
  TableCell: { items: "" },
  RichTextBlock: { inlines: "TextRun" },
  ActionSet: { actions: "" },
  ImageSet: { images: "Image" },
  FactSet: { facts: "Fact" },
  "Input.ChoiceSet": { choices: "Choice" },
  "Action.ShowCard": { card: "AdaptiveCard" },
};
// Properties that the renderer reads in its own ways, and so does not list.
const BESIDES = {
  AdaptiveCard: ["$schema", "msteams", "refresh", "authentication"],
  "Action.Submit": ["msteams"],
  TableCell: ["rtl"],
};
// A directory of people is asked by Teams alone; this renderer keeps it for version 1.6.
const TEAMS_ONLY = { "Input.ChoiceSet": ["choices.data"] };

const known = new Map();
for (const registry of [AC.GlobalRegistry.defaultElements, AC.GlobalRegistry.defaultActions]) {
  for (let i = 0; i < registry.getItemCount(); i++) {
    const { typeName, objectType } = registry.getItemAt(i);
    known.set(typeName, propertiesOf(objectType));
  }
}
for (const [name, type] of Object.entries({
  AdaptiveCard: AC.AdaptiveCard, Column: AC.Column, TableRow: AC.TableRow,
  TableCell: AC.TableCell, Fact: AC.Fact, Choice: AC.Choice,
})) known.set(name, propertiesOf(type));

function propertiesOf(objectType) {
  const schema = new objectType().getSchema();
  const found = new Map();
  for (let i = 0; i < schema.getCount(); i++) {
    const property = schema.getItemAt(i);
    found.set(property.name, property);
  }
  return found;
}

function wrongType(property, value) {
  if (property instanceof AC.StringProperty) return typeof value !== "string";
  if (property instanceof AC.BoolProperty) return typeof value !== "boolean";
  if (property instanceof AC.NumProperty) return typeof value !== "number";
  return false;
}

// The renderer passes over what it does not know; the table of what it knows does not.
function walk(node, type, at, problems) {
  if (node === null || typeof node !== "object" || Array.isArray(node)) {
    problems.push(`${at}: is no ${type || "element"}`);
    return;
  }
  type = node.type ?? type;
  const properties = known.get(type);
  if (!properties) {
    problems.push(`${at}: there is no element ${JSON.stringify(type)}`);
    return;
  }
  const children = CHILDREN[type] ?? {};
  for (const [name, value] of Object.entries(node)) {
    const place = `${at}.${name}`;
    if (name in children) {
      const held = Array.isArray(value) ? value : [value];
      held.forEach((child, i) => {
        if (typeof child !== "string" || type !== "RichTextBlock") {
          walk(child, children[name], `${place}[${i}]`, problems);
        }
      });
    } else if (name === "fallback" || name === "selectAction" || name === "inlineAction") {
      if (value !== "drop") walk(value, "", place, problems);
    } else if (BESIDES[type]?.includes(name) || TEAMS_ONLY[type]?.includes(name)) {
      continue;
    } else if (!properties.has(name)) {
      problems.push(`${place}: ${type} has no such property`);
    } else if (wrongType(properties.get(name), value)) {
      problems.push(`${place}: ${JSON.stringify(value)} is of the wrong type`);
    }
  }
}

function withoutTeamsOnly(node) {
  if (Array.isArray(node)) return node.map(withoutTeamsOnly);
  if (node === null || typeof node !== "object") return node;
  const left = Object.entries(node).filter(([name]) => !TEAMS_ONLY[node.type]?.includes(name));
  const found = Object.fromEntries(left.map(([name, value]) => [name, withoutTeamsOnly(value)]));
  const asks = left.length < Object.keys(node).length;
  // Whom Teams finds is not there to be looked at.
  if (asks && !found.choices?.length) found.choices = [{ title: "somebody", value: "somebody" }];
  return found;
}

function read(body) {
  const problems = [];
  walk(body, "AdaptiveCard", "card", problems);
  const context = new AC.SerializationContext(VERSION);
  const parsed = new AC.AdaptiveCard();
  parsed.hostConfig = TEAMS;
  parsed.parse(withoutTeamsOnly(body), context);
  for (let i = 0; i < context.eventCount; i++) problems.push(`parsing: ${context.getEventAt(i).message}`);
  for (const event of parsed.validateProperties().validationEvents) {
    problems.push(`${event.source?.getJsonTypeName() ?? "card"}: ${event.message}`);
  }
  return { problems, parsed };
}

function card(body) {
  const { problems, parsed } = read(body);
  const drawn = parsed.render();
  if (!drawn) return { problems: [...problems, "rendering: nothing was drawn"] };
  const all = (selector) => [...drawn.querySelectorAll(selector)];
  return {
    problems,
    text: drawn.textContent,
    links: all("a[href]").map((a) => a.getAttribute("href")),
    styled: all("strong,em,b,i,code,pre,ul,ol,h1,h2,h3,h4,blockquote,img").map((e) => e.tagName.toLowerCase()),
  };
}

// --- the app's package ------------------------------------------------------------------------

async function manifest(body) {
  const { AppManifestUtils } = require("@microsoft/app-manifest");
  return { problems: await AppManifestUtils.validateAgainstSchema(body) };
}

// The package brings the schema of translations and does not use it.
function translation(body) {
  const home = path.dirname(require.resolve("@microsoft/app-manifest"));
  const version = /teams\/(v[\d.]+)\//.exec(body.$schema)[1];
  const file = path.join(home, "json-schemas/teams", version, "MicrosoftTeams.Localization.schema.json");
  const Ajv = require("ajv-draft-04");
  const ajv = new Ajv({ allErrors: true, strict: false, unicodeRegExp: false });
  require("ajv-formats")(ajv);
  const fine = ajv.validate(JSON.parse(fs.readFileSync(file, "utf8")), body);
  return { problems: fine ? [] : ajv.errors.map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`) };
}

// --- a line in, a line out --------------------------------------------------------------------

const KINDS = { card, manifest, translation };
const lines = readline.createInterface({ input: process.stdin, crlfDelay: Infinity });
let before = Promise.resolve();
lines.on("line", (line) => {
  before = before.then(async () => {
    let answer;
    try {
      const { kind, body } = JSON.parse(line);
      answer = await KINDS[kind](body);
    } catch (error) {
      answer = { problems: [`it broke the validator: ${error.message}`] };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  });
});
