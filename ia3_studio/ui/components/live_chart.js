// Property: value, the newest message {run, from, points, total_steps, active} as JSON.
// A point is [step, loss, held_out, learning_rate, grad_norm, tokens_per_second, seconds, epoch].

const find = (selector) => element.querySelector(selector);
const root = find(".live-chart");
const [body, empty, figures, table] = [".body", ".empty", ".figures", ".table"].map(find);
const plots = [...element.querySelectorAll(".plot")]; // losses, learning rate, gradient norm, tokens per second
const [smooth, log, tabular] = [".smooth", ".log", ".tabular"].map(find);
const words = JSON.parse(root.dataset.words);

const [STEP, LOSS, HELD_OUT, RATE, NORM, SPEED, SECONDS] = [0, 1, 2, 3, 4, 5, 6];
const TABLE_ROWS = 200;
const SMOOTHING = 0.9; // weight of the past in the exponential mean
const CONFIG = { responsive: false, displaylogo: false, showSendToCloud: false, plotlyServerURL: "",
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };

let run = "";
let points = [];
let total = 0;
let active = false;
let waiting = false; // a redraw is due

// -------------------------------------------------------------------------------------------- messages
function apply() {
  if (!props.value) return clear("");
  const news = JSON.parse(props.value);
  if (news.run !== run) clear(news.run);
  [total, active] = [news.total_steps, news.active];
  if (news.from > points.length) return trigger("resync");
  points.push(...news.points.slice(points.length - news.from));
  draw();
}

function clear(name) {
  run = name;
  points = [];
  plots.forEach((plot) => window.Plotly && Plotly.purge(plot));
  draw();
}

// --------------------------------------------------------------------------------------------- drawing
function draw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    drawNow();
  });
}

function drawNow() {
  body.hidden = points.length === 0;
  empty.hidden = points.length > 0;
  root.dataset.run = run;
  if (!points.length) {
    root.dataset.points = "0";
    return;
  }
  drawFigures();
  drawTable();
  if (!window.Plotly) return void setTimeout(draw, 100); // its script is still on the way
  if (!plots[0].clientWidth) return; // in a hidden tab: the observer draws when it is shown
  drawLosses();
  [RATE, NORM, SPEED].forEach((column, place) => drawSmall(plots[place + 1], column, words.small[place], place));
  root.dataset.points = String(points.length);
}

function colours() {
  const style = getComputedStyle(element);
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  const dark = !!element.closest(".dark") || document.body.classList.contains("dark");
  return {
    text: dark ? "#b4bac6" : "#565d6b", // quieter than the page's text, and still readable at 12 px
    grid: read("--border-color-primary", "#ddd"),
    hover: read("--background-fill-secondary", "#fff"),
    ink: read("--body-text-color", "#222"),
    loss: dark ? "#7aa2d6" : "#4a78b5",
    heldOut: dark ? "#f0a35e" : "#c9600f",
    small: dark ? ["#a78bda", "#6fbf9b", "#8ab4c9"] : ["#7a55b8", "#2e8b62", "#3f7f9c"],
  };
}

// What zoom keeps is tied to the run: another run starts unzoomed.
const layout = (look, more) => ({
  uirevision: run, autosize: true, showlegend: false, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
  font: { color: look.text, size: 12, family: getComputedStyle(element).fontFamily },
  hoverlabel: { bgcolor: look.hover, bordercolor: look.grid, font: { color: look.ink } }, ...more,
});
const axis = (look, more) => ({ gridcolor: look.grid, linecolor: look.grid, zeroline: false, automargin: true, ...more });
const pairs = (column) => points.filter((point) => point[column] !== null).map((point) => [point[STEP], point[column]]);
const line = (data, name, colour, more) => ({
  type: "scatter", x: data.map((pair) => pair[0]), y: data.map((pair) => pair[1]), name,
  mode: data.length < 3 ? "lines+markers" : "lines", line: { color: colour, width: 2 }, ...more,
});

function smoothed(data) {
  let mean = 0;
  return data.map(([step, value], index) => {
    mean = SMOOTHING * mean + (1 - SMOOTHING) * value;
    return [step, mean / (1 - SMOOTHING ** (index + 1))];
  });
}

function drawLosses() {
  const look = colours();
  const [losses, heldOut] = [pairs(LOSS), pairs(HELD_OUT)];
  const traces = [line(losses, words.loss, look.loss,
    { opacity: smooth.checked ? 0.3 : 1, line: { color: look.loss, width: 1.5 } })];
  if (smooth.checked) traces.push(line(smoothed(losses), words.smoothed, look.loss));
  traces.push(line(heldOut, words.held_out, look.heldOut, { mode: "lines+markers", marker: { size: 7 } }));
  if (heldOut.length && heldOut[0][0] === 0) {
    const ends = [[0, heldOut[0][1]], [Math.max(total, 1), heldOut[0][1]]];
    traces.push(line(ends, words.base, look.heldOut, { mode: "lines", line: { color: look.heldOut, width: 1, dash: "dot" } }));
  }
  Plotly.react(plots[0], traces, layout(look, {
    showlegend: true, legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" }, hovermode: "x unified",
    margin: { l: 56, r: 12, t: 28, b: 44 },
    xaxis: axis(look, { title: { text: words.step_axis }, range: [0, Math.max(total, points.length, 2)] }),
    yaxis: axis(look, { title: { text: words.loss_axis }, type: log.checked ? "log" : "linear" }),
  }), CONFIG);
}

function drawSmall(plot, column, title, place) {
  const look = colours();
  Plotly.react(plot, [line(pairs(column), title, look.small[place])], layout(look, {
    title: { text: title, font: { size: 12 }, x: 0, xref: "paper" }, margin: { l: 44, r: 8, t: 28, b: 22 },
    xaxis: axis(look, { range: [0, Math.max(total, 2)], nticks: 4 }), yaxis: axis(look, { rangemode: "tozero", nticks: 4 }),
  }), { ...CONFIG, displayModeBar: false });
}

// --------------------------------------------------------------------------------------- figures, table
const newest = (column) => points.findLast((point) => point[column] !== null)?.[column] ?? null;
const short = (value, digits) => (value === null ? "–" : value.toFixed(digits));

function duration(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return "–";
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest} h` : `${minutes}:${rest} min`;
}

function drawFigures() {
  const step = points.at(-1)[STEP];
  const used = points.at(-1)[SECONDS];
  const left = active && step ? ((total - step) * used) / step : null;
  const base = points[0][HELD_OUT];
  const heldOut = short(newest(HELD_OUT), 3);
  const values = [`${step} / ${total}`, short(newest(LOSS), 3), heldOut, short(newest(SPEED), 0), duration(used),
    active ? duration(left) : "–"];
  const aside = base !== null && step ? words.from_base.replace("{base}", short(base, 3)) : "";
  const cells = values.map((value, place) => {
    const cell = document.createElement("div");
    const [term, detail, small] = ["dt", "dd", "small"].map((name) => document.createElement(name));
    term.textContent = words.figures[place];
    detail.textContent = `${value} `;
    small.textContent = place === 2 ? aside : "";
    detail.append(small);
    cell.append(term, detail);
    return cell;
  });
  figures.replaceChildren(...cells);
}

function drawTable() {
  table.hidden = !tabular.checked;
  if (table.hidden) return;
  const make = (name, text = "") => Object.assign(document.createElement(name), { textContent: text });
  const row = (name, cells) => {
    const made = make("tr");
    made.append(...cells.map((cell) => make(name, cell === null ? "–" : cell)));
    return made;
  };
  const [whole, head, rows] = ["table", "thead", "tbody"].map((name) => make(name));
  head.append(row("th", words.columns));
  rows.append(...points.slice(-TABLE_ROWS).reverse().map((point) => row("td", point)));
  whole.append(make("caption", words.table), head, rows);
  table.replaceChildren(whole);
}

function download() {
  const lines = [words.columns, ...points].map((cells) => cells.map((cell) => cell ?? "").join(","));
  const address = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" }));
  const link = Object.assign(document.createElement("a"), { href: address, download: `${run.replace(/[^\w-]/g, "_")}.csv` });
  link.click();
  URL.revokeObjectURL(address);
}

// ----------------------------------------------------------------------------------------------- wiring
empty.textContent = words.empty;
[smooth, log, tabular].forEach((box, place) => {
  box.nextElementSibling.textContent = words[["smooth", "log", "tabular"][place]];
  box.addEventListener("change", draw);
});
find(".csv").textContent = words.csv;
find(".csv").addEventListener("click", download);
new MutationObserver(draw).observe(document.body, { attributes: true, attributeFilter: ["class"] });
let width = 0;
new ResizeObserver(() => {
  if (plots[0].clientWidth === width) return;
  width = plots[0].clientWidth;
  if (!width || !window.Plotly) return;
  plots.forEach((plot) => plot.data && Plotly.Plots.resize(plot));
  draw();
}).observe(root);
watch("value", apply);
apply();
