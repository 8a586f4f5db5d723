// What the page knows, and which messages this browser remembers to have shown.

export const narrow = matchMedia("(max-width: 780px)");
export const at = (id) => document.getElementById(id);
export const ROLES = ["leader", "representative", "facilitator", "member", "visitor"];

export const page = {
  token: "",
  epoch: "",
  me: null,
  people: [],
  visitors: [], // those without a chat
  visitor: null, // whose phone is looked at, instead of a conversation
  channels: [],
  place: "",
  messages: new Map(), // by id
  whispers: [], // what only this window was shown; it is gone when the window closes
  letters: {}, // for each person: where the private messages stand in the order of change
  commands: [],
  clock: { now: Date.now(), since: performance.now(), landmarks: {}, wall: {} },
  course: { running: false },
  live: null,
};

export const privatePlace = (person) => `private:${person}`;
export const channelOf = (place) => (place.startsWith("channel:") ? place.slice(8) : "");
export const personOf = (id) => page.people.find((person) => person.id === id);
const seqOf = (message) => message.seq;

// --- which messages were read, as this browser remembers it --------------------------------

function newest() {
  const seqs = [...page.messages.values()].map(seqOf).concat(...Object.values(page.letters));
  return Math.max(0, ...seqs);
}

function readUpTo(place) {
  try {
    const kept = Number(localStorage.getItem(`digi:${page.me.id}:${place}`) ?? 0);
    return kept > newest() ? 0 : kept; // the room was emptied since
  } catch {
    return 0;
  }
}

export function markRead() {
  const seqs = [...page.messages.values()].filter((found) => found.place === page.place).map(seqOf);
  try {
    localStorage.setItem(`digi:${page.me.id}:${page.place}`, String(Math.max(0, ...seqs)));
  } catch {
    // Without storage, messages count as new again after a reload.
  }
}

export function unread(place) {
  const read = readUpTo(place);
  const mine = (message) => message.by === page.me.id;
  return [...page.messages.values()].filter(
    (message) => message.place === place && message.seq > read && !mine(message),
  ).length;
}

export function waiting(person) {
  try {
    const place = privatePlace(person.id);
    const kept = Number(localStorage.getItem(`digi:${person.id}:${place}`) ?? 0);
    const read = kept > newest() ? 0 : kept;
    return (page.letters[person.id] ?? []).filter((seq) => seq > read).length;
  } catch {
    return 0;
  }
}
