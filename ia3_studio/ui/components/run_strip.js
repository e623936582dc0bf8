// Value: a JSON string, see StripView in run_strip.py. Only what changed is updated.
const strip = element.querySelector(".strip");
const sentence = element.querySelector(".sentence");
const bar = element.querySelector("progress");
const pick = element.querySelector("select");
const stop = element.querySelector(".stop");
const announced = element.querySelector(".announced"); // for screen readers: a change of state, not each step
const links = element.querySelector(".links");
const notify = element.querySelector(".notify");
const TITLE = document.title;
const MARKS = { queued: "…", running: "▶", stopping: "▶", finished: "✓", stopped: "■", failed: "✕", interrupted: "✕" };
const ACTIVE = new Set(["queued", "running", "stopping"]);
let listed = "";
let last = { state: "", selected: "" };

function fillChoices(view) {
  const key = JSON.stringify(view.choices);
  if (key !== listed) {
    listed = key;
    const groups = new Map();
    for (const choice of view.choices) {
      if (!groups.has(choice.group)) {
        const group = document.createElement("optgroup");
        group.label = choice.group;
        groups.set(choice.group, group);
      }
      const option = document.createElement("option");
      option.value = choice.key;
      option.textContent = choice.label;
      groups.get(choice.group).append(option);
    }
    pick.replaceChildren(...groups.values());
  }
  if (pick.value !== view.selected && document.activeElement !== pick) pick.value = view.selected;
}

// The page title has the state of the run; a notification is shown at its end if the page is in the background.
function updateTitle(view) {
  const share = view.state === "running" && view.fraction !== null ? ` ${Math.floor(100 * view.fraction)} %` : "";
  const title = MARKS[view.state] ? `${MARKS[view.state]}${share} ${TITLE}` : TITLE;
  if (document.title !== title) document.title = title;
  const ended = last.selected === view.selected && ACTIVE.has(last.state) && !ACTIVE.has(view.state);
  const allowed = "Notification" in window && Notification.permission === "granted";
  if (ended && allowed && document.hidden) new Notification(TITLE, { body: view.sentence, tag: view.selected });
  notify.hidden = !(view.stoppable && "Notification" in window && Notification.permission === "default");
  last = { state: view.state, selected: view.selected };
}

function show() {
  if (!props.value) return;
  const view = JSON.parse(props.value);
  strip.hidden = !view.state;
  if (strip.dataset.state !== view.state) announced.textContent = view.sentence;
  strip.dataset.state = view.state;
  if (sentence.textContent !== view.sentence) sentence.textContent = view.sentence;
  bar.hidden = !view.stoppable;
  if (view.fraction === null) bar.removeAttribute("value");
  else bar.value = view.fraction;
  links.hidden = !view.has_adapter;
  stop.hidden = !view.stoppable;
  stop.disabled = view.state === "stopping";
  stop.textContent = view.state === "stopping" ? stop.dataset.stopping : stop.dataset.stop;
  fillChoices(view);
  updateTitle(view);
}

// A page in the background polls rarely.
document.addEventListener("visibilitychange", () => trigger("visibility", { hidden: document.hidden }));
notify.addEventListener("click", () => Notification.requestPermission().then(() => { notify.hidden = true; }));
stop.addEventListener("click", () => { stop.disabled = true; trigger("halt"); });
links.addEventListener("click", (event) => {
  const tab = event.target.dataset.tab;
  if (tab) trigger("follow", { tab });
});
pick.addEventListener("change", () => { trigger("choose", { key: pick.value }); pick.blur(); });
watch("value", show);
show();
