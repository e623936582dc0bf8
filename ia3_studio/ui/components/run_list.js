// Value: a JSON string, see list_json in run_list.py. Rows are kept and only changed cells are updated, so that no click
// or focus is lost between two polls.
const body = element.querySelector("tbody");
const table = element.querySelector("table");
const empty = element.querySelector(".empty");
const CELLS = ["state", "name", "model", "steps", "held_out", "time", "started"];
const ENDED_BADLY = new Set(["failed", "interrupted"]);
const rows = new Map();

function make(tag, className, ...children) {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
}

function newRow(key) {
  const dot = make("span", "dot");
  dot.setAttribute("aria-hidden", "true");
  const choose = make("button", "value");
  choose.type = "button";
  const row = make("tr", "",
    make("td", "state", dot, make("span", "value")), make("th", "name", choose, make("p", "reason")),
    ...CELLS.slice(2).map((name) => make("td", name === "model" ? "value" : "num value")));
  row.dataset.run = key;
  return row;
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function fill(row, run, selected) {
  const values = row.querySelectorAll(".value");
  CELLS.forEach((name, column) => setText(values[column], run[name]));
  setText(row.querySelector(".reason"), ENDED_BADLY.has(run.state) ? run.sentence : "");
  row.dataset.state = run.state;
  row.title = run.sentence;
  row.classList.toggle("selected", run.key === selected);
  row.querySelector("button").setAttribute("aria-pressed", String(run.key === selected));
  return row;
}

function show() {
  if (!props.value) return;
  const view = JSON.parse(props.value);
  const kept = view.rows.map((run) => {
    if (!rows.has(run.key)) rows.set(run.key, newRow(run.key));
    return fill(rows.get(run.key), run, view.selected);
  });
  if (kept.length !== body.children.length || kept.some((row, index) => row !== body.children[index])) {
    body.replaceChildren(...kept);
  }
  table.hidden = kept.length === 0;
  empty.hidden = kept.length > 0;
  setText(empty, view.empty);
}

body.addEventListener("click", (event) => {
  const row = event.target.closest("tr");
  if (row) trigger("choose", { key: row.dataset.run });
});
watch("value", show);
show();
