// What the page itself says. What Digi says comes from the server.

const words = {
  da: {
    subtitle: "Legeplads",
    skip: "Gå til skrivefeltet",
    back: "Gå til samtaler og personer",
    who: "Hvem er du?",
    places: "Samtaler",
    another: "Åbn et vindue mere",
    clock: "Uret",
    close: "Luk",
    cancel: "Fortryd",
    copy: "Kopiér",
    copied: "Koden er kopieret.",
    copy_yourself: "Koden er markeret. Kopiér den selv.",
    leave: "Det, du har skrevet her, er ikke sendt. Vil du lukke alligevel?",
    leave_yes: "Luk uden at sende",
    leave_no: "Skriv videre",
    send: "Send",
    sending: "Sender …",
    to_question: "Til næste spørgsmål",
    to_overview: "Til næste overblik",
    a_day: "En dag frem",
    a_week: "En uge frem",
    moving: "Uret flyttes …",
    moved: (when) => `Nu er det ${when}.`,
    next_question: "Næste spørgsmål",
    next_overview: "Næste overblik",
    next_release: "Næste udsendelse",
    course_title: "Prøv på fem minutter",
    course_about: "Se tre uger af et forløb blive til, og gå selv videre derfra.",
    course_weeks: "Spil et forløb ind i uge 3",
    confirm_weeks: "Det, der ligger her nu, bliver slettet først. Så spilles forløbet fra begyndelsen.",
    playing_weeks: "Forløbet ind i uge 3 bliver spillet lige nu. Vent, til det er færdigt, og prøv så igen.",
    meeting_about: "Eller se et møde på to minutter: Seks skriver sedler på deres telefoner, og tavlen vokser på storskærmen. Den åbner du over samtalen, når mødet begynder.",
    course_meeting: "Spil et møde med storskærm",
    confirm_meeting: "Det, der ligger her nu, bliver slettet først. Så spilles mødet fra begyndelsen.",
    playing_meeting: "Mødet bliver spillet lige nu. Vent, til det er slut, og prøv så igen.",
    wall_screen: "Åbn storskærmen i en ny fane",
    wall_leading: "Åbn siden til den, der leder øvelsen",
    course_step: (step, of) => `Trin ${step} af ${of}`,
    course_clock: "uret går frem",
    course_press: (name, button) => `${name} trykker på „${button}“`,
    course_fill: (name) => `${name} udfylder en formular`,
    course_type: (name, text) => `${name} skriver ${text}`,
    done_weeks: "Forløbet er nu i uge 3. Vælg, hvem du vil være, og gå videre.",
    done_meeting: "Mødet er slut. Resultatet står i kanalen og på storskærmen. Vælg, hvem du vil være, og gå videre.",
    stuck_meeting: "Mødet gik i stå undervejs. Det, der er sket, kan du se. Prøv igen, eller begynd forfra.",
    stuck_weeks: "Forløbet gik i stå undervejs. Det, der er sket, kan du se. Prøv igen, eller begynd forfra.",
    start_over: "Begynd forfra",
    start_over_confirm: "Alt på legepladsen bliver slettet, og uret går igen som dit eget. Det kan ikke fortrydes.",
    about: "Arbejdspladsen og dens folk er opdigtede. Digi er den rigtige. Intet forlader denne maskine.",
    role_leader: "Leder",
    role_representative: "Medarbejdervalgte",
    role_facilitator: "Tovholder",
    role_member: "Kolleger",
    role_visitor: "Uden chat",
    phone_place: "Telefonen",
    phone_about: "Har ingen chat på arbejdet, men sin egen telefon",
    phone_title: (name) => `Siden på telefonen: ${name}`,
    phone_open: "Åbn siden i et vindue for sig",
    phone_hint: "Det er den rigtige side. Det, du sender her, går til Digi uden navn, som når nogen bruger koden på plakaten.",
    phone_none: "Der er ingen side endnu. Bliv leder, tovholder, TR eller AMR, skriv /digi qr, og tryk på Åbn siden. Vis plakaten giver den kode, der fører hertil.",
    private: "Digi og dig",
    private_about: (name) => `Kun ${name} og Digi er her`,
    unread: (n) => (n === 1 ? "1 ny" : `${n} nye`),
    letters: (n) => (n === 1 ? "1 ny besked fra Digi" : `${n} nye beskeder fra Digi`),
    composer: (place) => `Skriv i ${place}`,
    composer_private: "Skriv til Digi",
    hint: "Skriv /digi hjælp, eller skriv til holdet",
    hint_narrow: "Skriv /digi …",
    hint_private: "Skriv til Digi, for eksempel hjælp",
    hint_private_narrow: "Skriv til Digi",
    help: "hjælp",
    suggestions: "Det kan du skrive til Digi",
    suggested: (n) => (n === 1 ? "1 forslag" : `${n} forslag. Pil ned vælger.`),
    slash: "Kommandoer til Digi begynder med /digi. Din tekst er ikke sendt.",
    typed: (command) => `du skrev ${command}`,
    earlier: "Vist før:",
    whisper: "Kun du kan se dette",
    more: "Mere",
    shown_before: "Vist før",
    print: "Udskriv",
    dismiss: "Skjul",
    thread: (n) => (n === 1 ? "1 svar i tråden" : `${n} svar i tråden`),
    begin_thread: "Svar i en tråd",
    thread_label: (name) => `Svar i tråden under beskeden fra ${name}`,
    thread_hint: "Skriv i tråden",
    quiet: "Her er stille endnu",
    quiet_channel: "Skriv /digi start og navnet på den nye teknologi. Eller se et forløb, der allerede er i gang.",
    quiet_private: "Her får du besked, når der er noget, kun du skal se. Skriv hjælp, så siger Digi, hvad du kan gøre nu.",
    write_start: "Skriv /digi start",
    start: "start",
    required: "skal udfyldes",
    none: "Intet valgt",
    nobody: "Ingen valgt",
    left: (n) => (n === 1 ? "1 tegn tilbage" : `${n} tegn tilbage`),
    over: (n) => (n === 1 ? "1 tegn for meget" : `${n} tegn for meget`),
    missing_text: "Skriv noget her.",
    missing_choice: "Vælg en af mulighederne.",
    missing_choices: "Vælg mindst en.",
    missing_people: "Vælg mindst en person.",
    missing_date: "Vælg en dato.",
    missing_time: "Vælg et klokkeslæt.",
    bad_date: "Skriv en hel dato, eller lad feltet stå tomt.",
    bad_time: "Skriv et helt klokkeslæt, eller lad feltet stå tomt.",
    too_long: (n) => `Teksten er ${n} tegn for lang.`,
    unsure: "Jeg ved ikke, om det lykkedes. Din tekst står her endnu. Se efter om et øjeblik, og prøv igen, hvis der ikke er sket noget.",
    offline: "Forbindelsen er væk. Jeg prøver igen.",
    someone: "Ukendt",
  },
  en: {
    subtitle: "Playground",
    skip: "Go to the text field",
    back: "Go to conversations and people",
    who: "Who are you?",
    places: "Conversations",
    another: "Open one more window",
    clock: "Clock",
    close: "Close",
    cancel: "Cancel",
    copy: "Copy",
    copied: "The code is copied.",
    copy_yourself: "The code is selected. Copy it yourself.",
    leave: "What you have written here is not sent. Close all the same?",
    leave_yes: "Close without sending",
    leave_no: "Go on writing",
    send: "Send",
    sending: "Sending …",
    to_question: "To the next question",
    to_overview: "To the next overview",
    a_day: "One day on",
    a_week: "One week on",
    moving: "Moving the clock …",
    moved: (when) => `It is now ${when}.`,
    next_question: "Next question",
    next_overview: "Next overview",
    next_release: "Next release",
    course_title: "Try it in five minutes",
    course_about: "Watch the first three weeks of a project, and go on from there yourself.",
    course_weeks: "Play a project into week 3",
    confirm_weeks: "What is here now is deleted first. Then the project is played from the beginning.",
    playing_weeks: "The project is being played into week 3 right now. Wait until it is done, then try again.",
    meeting_about: "Or see a meeting in two minutes: six people write notes on their phones, and the board grows on the big screen. You open it above the conversation when the meeting begins.",
    course_meeting: "Play a meeting with a screen",
    confirm_meeting: "What is here now is deleted first. Then the meeting is played from the beginning.",
    playing_meeting: "The meeting is being played right now. Wait until it is over, then try again.",
    wall_screen: "Open the big screen in a new tab",
    wall_leading: "Open the page of whoever leads the exercise",
    course_step: (step, of) => `Step ${step} of ${of}`,
    course_clock: "the clock moves on",
    course_press: (name, button) => `${name} presses “${button}”`,
    course_fill: (name) => `${name} fills in a form`,
    course_type: (name, text) => `${name} types ${text}`,
    done_weeks: "The project is now in week 3. Choose who you want to be, and go on.",
    done_meeting: "The meeting is over. Its result is in the channel and on the big screen. Choose who you want to be, and go on.",
    stuck_meeting: "The meeting got stuck on its way. You can see what happened. Try again or start over.",
    stuck_weeks: "The project got stuck on its way. You can see what happened. Try again or start over.",
    start_over: "Start over",
    start_over_confirm: "Everything in the playground is deleted, and the clock runs as your own again. This cannot be undone.",
    about: "The workplace and its people are made up. Digi is the real one. Nothing leaves this machine.",
    role_leader: "Manager",
    role_representative: "Elected representatives",
    role_facilitator: "Facilitator",
    role_member: "Colleagues",
    role_visitor: "Without a chat",
    phone_place: "The phone",
    phone_about: "Has no chat at work, but a phone of her own",
    phone_title: (name) => `The page on the phone: ${name}`,
    phone_open: "Open the page in a window of its own",
    phone_hint: "This is the real page. What you send here goes to Digi without a name, as when somebody uses the code on the poster.",
    phone_none: "There is no page yet. Become the manager, the facilitator or a representative, write /digi qr, and press Open the page. Show the poster gives the code that leads here.",
    private: "Digi and you",
    private_about: (name) => `Only ${name} and Digi are here`,
    unread: (n) => `${n} new`,
    letters: (n) => (n === 1 ? "1 new message from Digi" : `${n} new messages from Digi`),
    composer: (place) => `Write in ${place}`,
    composer_private: "Write to Digi",
    hint: "Type /digi help, or write to the team",
    hint_narrow: "Type /digi …",
    hint_private: "Write to Digi, for example help",
    hint_private_narrow: "Write to Digi",
    help: "help",
    suggestions: "What you can type to Digi",
    suggested: (n) => (n === 1 ? "1 suggestion" : `${n} suggestions. Arrow down chooses.`),
    slash: "Commands to Digi begin with /digi. Your text was not sent.",
    typed: (command) => `you typed ${command}`,
    earlier: "Shown before:",
    whisper: "Only you can see this",
    more: "More",
    shown_before: "Shown before",
    print: "Print",
    dismiss: "Hide",
    thread: (n) => (n === 1 ? "1 reply in the thread" : `${n} replies in the thread`),
    begin_thread: "Reply in a thread",
    thread_label: (name) => `Reply in the thread under the message from ${name}`,
    thread_hint: "Write in the thread",
    quiet: "It is quiet here so far",
    quiet_channel: "Type /digi start and the name of the new technology. Or watch a project that is already under way.",
    quiet_private: "You are told here when there is something for you alone. Type help, and Digi says what you can do now.",
    write_start: "Type /digi start",
    start: "start",
    required: "must be filled in",
    none: "Nothing chosen",
    nobody: "Nobody chosen",
    left: (n) => (n === 1 ? "1 character left" : `${n} characters left`),
    over: (n) => (n === 1 ? "1 character too many" : `${n} characters too many`),
    missing_text: "Write something here.",
    missing_choice: "Choose one of the options.",
    missing_choices: "Choose at least one.",
    missing_people: "Choose at least one person.",
    missing_date: "Choose a date.",
    missing_time: "Choose a time.",
    bad_date: "Write a whole date, or leave the field empty.",
    bad_time: "Write a whole time, or leave the field empty.",
    too_long: (n) => `The text is ${n} ${n === 1 ? "character" : "characters"} too long.`,
    unsure: "I do not know whether that worked. Your text is still here. Look again in a moment, and try again if nothing has happened.",
    offline: "The connection is gone. I am trying again.",
    someone: "Unknown",
  },
};

/* The language of the window: the one that Digi speaks with whoever is chosen. */
export let language = "da";

export function speak(chosen) {
  language = chosen === "en" ? "en" : "da";
}

export function say(key, ...args) {
  const found = words[language][key];
  return typeof found === "function" ? found(...args) : found;
}

const told = new Map(); // what stands in a status line, to say it anew in another language

export function tell(id, words = () => "") {
  told.set(id, words);
  document.getElementById(id).textContent = words();
}

/* What the server said stays in its language, and goes. */
export function tellAnew() {
  for (const [id, words] of told) tell(id, words);
}

// --- time, as people in Copenhagen say it --------------------------------------------------

const zone = "Europe/Copenhagen";
const formats = new Map();

function format(options) {
  const key = language + JSON.stringify(options);
  if (!formats.has(key)) {
    const locale = language === "en" ? "en-GB" : "da-DK";
    formats.set(key, new Intl.DateTimeFormat(locale, { ...options, timeZone: zone }));
  }
  return formats.get(key);
}

export function clockTime(at) {
  return format({ hour: "2-digit", minute: "2-digit" }).format(at);
}

export function day(at) {
  const year = format({ year: "numeric" });
  const parts = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" })
    .formatToParts(at)
    .map(({ type, value }) => [type, value]);
  const of = Object.fromEntries(parts);
  const suffix = year.format(at) === year.format(new Date()) ? "" : ` ${of.year}`;
  return language === "en"
    ? `${of.weekday} ${of.day} ${of.month}${suffix}`
    : `${of.weekday} den ${of.day}. ${of.month}${suffix}`;
}

export function dayKey(at) {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(at);
}

export function moment(at) {
  const time = clockTime(at);
  if (language === "en") return `${day(at)}, ${time}`;
  return `${day(at)} kl. ${time.replace(/^0/, "").replace(/[.:]00$/, "")}`;
}
