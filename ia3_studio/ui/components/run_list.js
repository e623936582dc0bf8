// Value: a JSON string, see list_json in run_list.py.
const body = element.querySelector("tbody");
const table = element.querySelector("table");
const empty = element.querySelector(".empty");

function cell(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

function rowOf(run, shown) {
  const dot = cell("span", "dot");
  dot.setAttribute("aria-hidden", "true");
  const choose = cell("button", "", run.name);
  choose.type = "button";
  choose.dataset.key = run.key;
  choose.setAttribute("aria-pressed", String(run.key === shown));
  const row = cell("tr", "",
    cell("td", "state", dot, run.state), cell("th", "name", choose), cell("td", "", run.model),
    cell("td", "num", run.steps), cell("td", "num", run.held_out), cell("td", "num", run.time),
    cell("td", "num", run.started));
  row.dataset.state = run.state;
  row.dataset.run = run.key;
  row.title = run.sentence;
  row.classList.toggle("shown", run.key === shown);
  return row;
}

function show() {
  if (!props.value) return;
  const view = JSON.parse(props.value);
  const focused = body.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  body.replaceChildren(...view.rows.map((run) => rowOf(run, view.shown)));
  table.hidden = view.rows.length === 0;
  empty.hidden = view.rows.length > 0;
  empty.textContent = view.empty;
  if (focused) body.querySelector(`button[data-key="${CSS.escape(focused)}"]`)?.focus();
}

body.addEventListener("click", (event) => {
  const row = event.target.closest("tr");
  if (row) trigger("choose", { key: row.dataset.run });
});
watch("value", show);
show();
