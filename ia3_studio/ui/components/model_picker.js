// Value: the text of the field. Options: a JSON string, see PickerView in model_picker.py.
const box = element.querySelector(".picker");
const words = JSON.parse(box.dataset.words);
const find = (name) => box.querySelector(name);
const [input, popup, list, detail, foot] = [".anchor input", ".popup", ".list", ".detail", ".foot"].map(find);
const [about, announced] = [find(".about"), find(".announced")];
const PAUSE = 250; // milliseconds after a letter until the list is asked for
const WIDTH = 460; // pixels that a list needs for a line of facts
const EDGE = 32; // pixels that stay free next to it
let request = 0;
let timer = 0;
let isTyped = false; // whether the text is a query, or what was chosen before
let entries = [];
let active = -1;
let drawn = "";
let sent = props.value || "";

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

function setValue(text) {
  sent = text;
  if (props.value !== text) props.value = text;
}

// ------------------------------------------------------------------------------------------------ the list
function search(pause) {
  clearTimeout(timer);
  request += 1;
  const asked = { query: isTyped ? input.value.trim() : "", request };
  timer = setTimeout(() => trigger("search", asked), pause);
}

function open(pause) {
  if (popup.hidden) {
    popup.hidden = false;
    input.setAttribute("aria-expanded", "true");
    foot.textContent = words.waiting;
    // A narrow field has a wider list, where the window has room to its right.
    popup.style.minWidth = `${Math.min(WIDTH, window.innerWidth - input.getBoundingClientRect().left - EDGE)}px`;
  }
  search(pause);
}

function close() {
  clearTimeout(timer);
  request += 1; // answers on their way are of no use any more
  popup.hidden = true;
  input.setAttribute("aria-expanded", "false");
  setActive(-1);
}

function optionOf(entry, index) {
  const option = make("div", "option");
  option.id = `${list.id}-${index}`;
  option.dataset.index = index;
  option.dataset.value = entry.value;
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", "false");
  if (entry.disabled) option.setAttribute("aria-disabled", "true");
  const head = make("div", "head");
  head.append(make("span", "name", entry.name));
  const badges = make("span", "badges");
  for (const badge of entry.badges) {
    const mark = make("span", "badge", badge.label);
    mark.dataset.tone = badge.tone;
    mark.title = badge.title;
    badges.append(mark);
  }
  head.append(badges);
  option.append(head, make("div", "facts", entry.facts));
  return option;
}

function draw(view) {
  const before = active >= 0 ? entries[active].value : null;
  entries = view.groups.flatMap((group) => group.entries);
  let index = 0;
  list.replaceChildren(...view.groups.map((group, number) => {
    const part = make("div", "group");
    const title = make("div", "group-title", group.label);
    title.id = `${list.id}-group-${number}`;
    title.setAttribute("role", "presentation");
    part.setAttribute("role", "group");
    part.setAttribute("aria-labelledby", title.id);
    part.append(title, ...group.entries.map((entry) => optionOf(entry, index++)));
    return part;
  }));
  foot.textContent = [...view.notes, ...(view.busy ? [words.searching] : [])].join(" ");
  active = -1;
  setActive(before === null ? -1 : entries.findIndex((entry) => entry.value === before));
  box.dataset.listed = entries.length;
  if (view.busy) return;
  const found = words.found.replace("{count}", entries.length);
  announced.textContent = [found, ...view.notes].join(" ");
  reveal();
}

// Scroll the page so far that the list is seen below its field.
function reveal() {
  const below = popup.getBoundingClientRect().bottom - window.innerHeight + 12;
  const room = input.getBoundingClientRect().top - 60;
  if (below > 0 && room > 0) window.scrollBy({ top: Math.min(below, room) });
}

function describe(place, entry) {
  place.replaceChildren();
  if (!entry) return;
  place.append(entry.detail);
  if (entry.link) {
    const link = make("a", "", entry.link_text);
    link.href = entry.link;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    place.append(" ", link);
  }
}

function setActive(index) {
  const options = list.querySelectorAll(".option");
  if (options[active]) options[active].setAttribute("aria-selected", "false");
  active = index;
  const option = options[index];
  detail.hidden = !option || !entries[index].detail;
  describe(detail, option ? entries[index] : null);
  if (!option) {
    input.removeAttribute("aria-activedescendant");
    return;
  }
  option.setAttribute("aria-selected", "true");
  option.setAttribute("aria-describedby", detail.id);
  input.setAttribute("aria-activedescendant", option.id);
  const top = option.offsetTop - (index === 0 || option.previousElementSibling.className === "group-title" ? 30 : 0);
  if (top < list.scrollTop) list.scrollTop = top;
  const bottom = option.offsetTop + option.offsetHeight;
  if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
}

function move(by) {
  if (popup.hidden) { open(0); return; }
  if (!entries.length) return;
  const last = entries.length - 1;
  if (active < 0) setActive(by > 0 ? 0 : last);
  else setActive(active + by < 0 ? last : active + by > last ? 0 : active + by);
  reveal();
}

// ---------------------------------------------------------------------------------------------- what is chosen
function choose(index) {
  const entry = entries[index];
  if (!entry || entry.disabled) return;
  input.value = entry.value;
  isTyped = false;
  setValue(entry.value);
  close();
  describe(about, entry);
  setTimeout(() => trigger("submit"), 0); // the value comes first
}

function take() {
  setValue(input.value);
  close();
  setTimeout(() => trigger("submit"), 0);
}

input.addEventListener("input", () => {
  isTyped = true;
  setValue(input.value);
  describe(about, null);
  open(PAUSE);
});
input.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const isOpen = !popup.hidden;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter") {
    event.preventDefault();
    if (isOpen && active >= 0) choose(active);
    else take();
  } else if (event.key === "Escape" && isOpen) {
    event.preventDefault();
    event.stopPropagation();
    close();
  } else if (event.key === "Tab" && isOpen && !detail.querySelector("a")) {
    close();
  }
});
input.addEventListener("click", () => { if (popup.hidden) open(0); });
find(".toggle").addEventListener("click", () => {
  input.focus();
  if (popup.hidden) open(0); else close();
});
list.addEventListener("pointermove", (event) => {
  const option = event.target.closest(".option");
  if (event.pointerType === "mouse" && option && Number(option.dataset.index) !== active) {
    setActive(Number(option.dataset.index));
  }
});
list.addEventListener("click", (event) => {
  const option = event.target.closest(".option");
  if (!option) return;
  setActive(Number(option.dataset.index));
  choose(Number(option.dataset.index));
});
// The field keeps the focus, so that a touch does not fold its keyboard away; links may be followed.
popup.addEventListener("mousedown", (event) => { if (!event.target.closest("a")) event.preventDefault(); });
popup.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  close();
  input.focus();
});
box.addEventListener("focusout", (event) => { if (!box.contains(event.relatedTarget)) close(); });

function showOptions() {
  if (!props.options || props.options === drawn || popup.hidden) return;
  const view = JSON.parse(props.options);
  if (view.request !== request) return; // the answer to an earlier text
  drawn = props.options;
  draw(view);
}

function showValue() {
  if ((props.value || "") === sent && input.value) return;
  sent = props.value || "";
  input.value = sent;
  isTyped = false;
}

watch("value", showValue);
watch("options", showOptions);
showValue();
