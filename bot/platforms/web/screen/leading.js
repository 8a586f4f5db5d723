// Lets one note be dragged onto another: both are chosen, and the name of what they have in common
// is asked for. The same is done with the keyboard by checking notes.

const boxes = () => [...document.querySelectorAll(".note input[type=checkbox]")];
let dragged = null;

// Nothing is exchanged while somebody is in the middle of something.
function holdsBack() {
  const field = document.getElementById("group-name");
  const asks = document.querySelector("details[open]");
  return dragged !== null || asks !== null || !!field?.value || boxes().some((box) => box.checked);
}

const noteAt = (event) => event.target.closest?.(".note[draggable]") ?? null;

document.addEventListener("dragstart", (event) => {
  dragged = noteAt(event);
  if (dragged) event.dataTransfer.effectAllowed = "link";
});
document.addEventListener("dragover", (event) => {
  const note = noteAt(event);
  if (!dragged || !note || note === dragged) return;
  event.preventDefault();
  note.classList.add("over");
});
document.addEventListener("dragleave", (event) => noteAt(event)?.classList.remove("over"));
document.addEventListener("dragend", () => {
  dragged = null;
});
document.addEventListener("drop", (event) => {
  const note = noteAt(event);
  if (!dragged || !note || note === dragged) return;
  event.preventDefault();
  note.classList.remove("over");
  const group = note.dataset.group ?? "";
  for (const box of boxes()) {
    const own = box.closest(".note");
    box.checked = own === note || own === dragged || (!!group && own.dataset.group === group);
  }
  dragged = null;
  const field = document.getElementById("group-name");
  field.value = group;
  field.focus();
});
