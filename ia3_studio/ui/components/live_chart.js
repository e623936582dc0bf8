// Property: value, the newest message {run, from, points, total_steps, active, elapsed, base_so_far} as JSON.
// A point is [step, loss, held_out, learning_rate, grad_norm, tokens_per_second, seconds, epoch], and of preferences
// [chosen reward, rejected reward, accuracy] of the batch and the same of the held-out rows, up to the last known one.

const find = (selector) => element.querySelector(selector);
const root = find(".live-chart");
const [body, empty, figures, announced, table] = [".body", ".empty", ".figures", ".announced", ".table"].map(find);
const plots = [...element.querySelectorAll(".plot")]; // losses, learning rate, gradient norm, tokens per second, rewards
const [smooth, log, tabular] = [".smooth", ".log", ".tabular"].map(find);
const words = JSON.parse(root.dataset.words);

const [STEP, LOSS, HELD_OUT, RATE, NORM, SPEED, SECONDS, EPOCH] = [0, 1, 2, 3, 4, 5, 6, 7];
const [CHOSEN, REJECTED, HELD_OUT_CHOSEN, HELD_OUT_REJECTED] = [8, 9, 11, 12];
const ALWAYS = 8; // columns of a run without rewards
const TABLE_ROWS = 200;
const FEW_MARKERS = 60; // more of them would overlap
const [RECENT, FEW] = [10, 5]; // steps, and held-out losses, whose times estimate the remaining time: a resumed run may be faster
const ANNOUNCE_PAUSE = 30_000; // ms between two announcements to a screen reader
const TOUCH = matchMedia("(pointer: coarse)").matches; // there, dragging over a chart scrolls the page
const CONFIG = { responsive: false, displaylogo: false, showSendToCloud: false, plotlyServerURL: "",
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };

let run = "";
let points = [];
let soFar = null; // the base model's held-out loss so far, while there is no point yet
let drawn = []; // the points that are drawn: where there are none yet, one of the base model so far
let total = 0;
let active = false;
let elapsed = null; // seconds of training; a step's own do not count what was lost and repeated
let waiting = false; // a redraw is due
let lastAnnounced = -Infinity;

// -------------------------------------------------------------------------------------------- messages
function apply() {
  if (!props.value) return clear("");
  const message = JSON.parse(props.value);
  if (message.run !== run) clear(message.run);
  const isSameState = total === message.total_steps && active === message.active;
  [total, active, elapsed] = [message.total_steps, message.active, message.elapsed];
  if (message.from > points.length) return trigger("resync");
  const fresh = message.points.slice(points.length - message.from);
  const before = soFar;
  soFar = points.length || fresh.length ? null : message.base_so_far;
  if (isSameState && !fresh.length && soFar === before) return; // a redraw would close the tooltip
  for (const point of fresh) points.push(Array.from(words.columns, (_, column) => point[column] ?? null)); // not push(...fresh): a long run has more points than a call can have arguments
  draw();
}

function clear(name) {
  [run, points, soFar, total, active, elapsed, lastAnnounced] = [name, [], null, 0, false, null, -Infinity];
  announced.textContent = "";
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
  drawn = points.length || soFar === null ? points : [pointSoFar()];
  body.hidden = drawn.length === 0;
  empty.hidden = drawn.length > 0;
  root.dataset.run = run;
  if (!drawn.length) {
    empty.textContent = words[!run ? "empty" : active ? "waiting" : "nothing"];
    root.dataset.points = root.dataset.drawn = "0";
    return;
  }
  drawFigures();
  announce();
  drawTable();
  if (!window.Plotly) return void setTimeout(draw, 100); // its script is still loading
  if (!plots[0].clientWidth) return; // in a hidden tab: the observer draws when it is shown
  drawLosses();
  [RATE, NORM, SPEED].forEach((column, index) => drawSmall(plots[index + 1], column, words.small[index], index));
  drawRewards();
  root.dataset.points = String(points.length);
  root.dataset.drawn = String(drawn.length);
}

const isSoFar = () => drawn !== points;
const pointSoFar = () => Array.from(words.columns, (_, column) => ({ [STEP]: 0, [HELD_OUT]: soFar })[column] ?? null);

function colors() {
  const style = getComputedStyle(element);
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  const dark = !!element.closest(".dark") || document.body.classList.contains("dark");
  return {
    text: dark ? "#b4bac6" : "#565d6b", // lighter than the page's text, and readable at 12 px
    grid: read("--border-color-primary", "#ddd"),
    hover: read("--background-fill-secondary", "#fff"),
    ink: read("--body-text-color", "#222"),
    loss: dark ? "#7aa2d6" : "#4a78b5",
    heldOut: dark ? "#f0a35e" : "#c9600f",
    small: dark ? ["#a78bda", "#6fbf9b", "#8ab4c9"] : ["#7a55b8", "#2e8b62", "#3f7f9c"],
  };
}

// The zoom is tied to the run: another run starts unzoomed.
const layout = (palette, more) => ({
  uirevision: run, autosize: true, showlegend: false, dragmode: TOUCH ? false : "zoom",
  paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
  font: { color: palette.text, size: 12, family: getComputedStyle(element).fontFamily },
  modebar: { bgcolor: "rgba(0,0,0,0)", color: palette.text, activecolor: palette.heldOut },
  hoverlabel: { bgcolor: palette.hover, bordercolor: palette.grid, font: { color: palette.ink } }, ...more,
});
const axis = (palette, more) => ({ gridcolor: palette.grid, linecolor: palette.grid, zeroline: false, automargin: true, ...more });
const furthest = () => Math.max(total, drawn.at(-1)[STEP], 2);
const pairs = (column) => drawn.filter((point) => point[column] !== null).map((point) => [point[STEP], point[column]]);
const line = (data, name, color, more) => ({
  type: "scatter", x: data.map((pair) => pair[0]), y: data.map((pair) => pair[1]), name,
  mode: data.length < 3 ? "lines+markers" : "lines", line: { color: color, width: data.length > 500 ? 1 : 2 }, ...more,
});

// The exponential mean over about a tenth of the run: more would lag in a short run, less would not smooth a long one.
function smoothed(data) {
  const past = 1 - 1 / Math.min(Math.max(total / 10, 4), 50);
  let mean = 0;
  return data.map(([step, value], index) => {
    mean = past * mean + (1 - past) * value;
    return [step, mean / (1 - past ** (index + 1))];
  });
}

function drawLosses() {
  const palette = colors();
  const [losses, heldOut] = [pairs(LOSS), pairs(HELD_OUT)];
  const traces = [line(losses, words.loss, palette.loss,
    { opacity: smooth.checked ? 0.3 : 1, line: { color: palette.loss, width: 1.5 } })];
  const strong = (color) => ({ line: { color: color, width: 2 } });
  if (smooth.checked) traces.push(line(smoothed(losses), words.smoothed, palette.loss, strong(palette.loss)));
  const mode = heldOut.length > FEW_MARKERS ? "lines" : "lines+markers";
  const marker = { size: 7, symbol: isSoFar() ? "circle-open" : "circle" };
  traces.push(line(heldOut, words[isSoFar() ? "base_so_far" : "held_out"], palette.heldOut, { mode, marker, ...strong(palette.heldOut) }));
  if (heldOut.length && heldOut[0][0] === 0 && !isSoFar()) {
    const ends = [[0, heldOut[0][1]], [furthest(), heldOut[0][1]]];
    traces.push(line(ends, words.base, palette.heldOut, { mode: "lines", line: { color: palette.heldOut, width: 1, dash: "dot" } }));
  }
  Plotly.react(plots[0], traces, layout(palette, {
    showlegend: true, legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" }, hovermode: "x unified",
    margin: { l: 56, r: 12, t: 28, b: 44 },
    xaxis: axis(palette, { title: { text: words.step_axis }, range: [0, furthest()] }),
    yaxis: axis(palette, { title: { text: hasRewards() ? words.preference_axis : words.loss_axis }, type: log.checked ? "log" : "linear" }),
  }), CONFIG);
}

const hasRewards = () => drawn.some((point) => point[CHOSEN] !== null || point[HELD_OUT_CHOSEN] !== null);
const shownColumns = () => (hasRewards() ? words.columns.length : ALWAYS);

// Thin lines are those of each batch, strong ones with markers those of the held-out rows.
function drawRewards() {
  const plot = plots[4];
  plot.hidden = !hasRewards();
  if (plot.hidden) return;
  const palette = colors();
  const tones = [palette.loss, palette.heldOut];
  const traces = [CHOSEN, REJECTED, HELD_OUT_CHOSEN, HELD_OUT_REJECTED].map((column, index) => {
    const style = index < 2 ? { opacity: 0.4, line: { color: tones[index], width: 1.5 } }
      : { mode: "lines+markers", marker: { size: 7 }, line: { color: tones[index % 2], width: 2 } };
    return line(pairs(column), words.reward_names[index], tones[index % 2], style);
  });
  Plotly.react(plot, traces, layout(palette, {
    title: { text: words.rewards, font: { size: 12 }, x: 0, xref: "paper" }, showlegend: true, hovermode: "x unified",
    legend: { orientation: "h", x: 0, y: -0.2, yanchor: "top" }, margin: { l: 56, r: 12, t: 28, b: 44 },
    xaxis: axis(palette, { range: [0, furthest()] }), yaxis: axis(palette, { title: { text: words.rewards_axis } }),
  }), CONFIG);
}

function drawSmall(plot, column, title, index) {
  const palette = colors();
  Plotly.react(plot, [line(pairs(column), title, palette.small[index])], layout(palette, {
    title: { text: title, font: { size: 12 }, x: 0, xref: "paper" }, margin: { l: 44, r: 8, t: 28, b: 22 },
    xaxis: axis(palette, { range: [0, furthest()], nticks: 4 }), yaxis: axis(palette, { rangemode: "tozero", nticks: 4 }),
  }), { ...CONFIG, displayModeBar: false });
}

// --------------------------------------------------------------------------------------- figures, table
const newest = (column) => drawn.findLast((point) => point[column] !== null)?.[column] ?? null;
const short = (value, digits) => (value === null ? "–" : value.toFixed(digits));

function duration(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return "–";
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest} h` : `${minutes}:${rest} min`;
}

function median(numbers) {
  const sorted = numbers.toSorted((one, other) => one - other);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

// The remaining time: the median of the newest steps, so that one long pause does not count, plus the held-out losses
// to come. Their interval is unknown before the second one: then the result is a lower bound.
function timeLeft() {
  const last = drawn.at(-1);
  const durations = drawn.slice(1).map((point, index) => [point[SECONDS] - drawn[index][SECONDS], point[HELD_OUT] !== null]);
  const of = (measured, count) => durations.filter((entry) => entry[1] === measured).slice(-count).map((entry) => entry[0]);
  const [plain, withLoss] = [of(false, RECENT), of(true, FEW)];
  if (!durations.length) return "–";
  const step = median(plain.length ? plain : withLoss);
  const rest = (total - last[STEP]) * step;
  const measured = drawn.filter((point) => point[HELD_OUT] !== null);
  if (!measured.length || !plain.length) return duration(rest);
  const loss = withLoss.length ? Math.max(0, median(withLoss) - step) : measured[0][SECONDS];
  if (measured.length < 2) return `≥ ${duration(rest + loss)}`;
  const every = measured[1][STEP] - measured[0][STEP];
  const due = Math.ceil(total / every) - Math.floor(last[STEP] / every);
  return duration(rest + (last[STEP] < total ? due * loss : 0));
}

function announce() {
  const now = performance.now();
  if (isSoFar() || (active && now - lastAnnounced < ANNOUNCE_PAUSE)) return;
  lastAnnounced = active ? now : -Infinity;
  const facts = { step: points.at(-1)[STEP], total, loss: short(newest(LOSS), 3), held_out: short(newest(HELD_OUT), 3),
    left: active && timeLeft() };
  const text = words[active ? "announced" : "announced_last"].replace(/\{(\w+)\}/g, (_, key) => facts[key]);
  if (announced.textContent !== text) announced.textContent = text;
}

function drawFigures() {
  const last = drawn.at(-1);
  const base = drawn[0][HELD_OUT];
  const values = [`${last[STEP]} / ${total || "–"}`, short(last[EPOCH], 2), short(newest(LOSS), 3), short(newest(HELD_OUT), 3),
    short(newest(SPEED), 0), duration(elapsed ?? last[SECONDS]), ...(active ? [timeLeft()] : [])];
  const fromBase = base !== null && last[STEP] ? words.from_base.replace("{base}", short(base, 3)) : "";
  const aside = isSoFar() ? words.so_far : fromBase;
  const cells = values.map((value, index) => {
    const cell = document.createElement("div");
    const [term, detail, small] = ["dt", "dd", "small"].map((name) => document.createElement(name));
    term.textContent = words.figures[index];
    detail.textContent = `${value} `;
    small.textContent = index === 3 ? aside : "";
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
  const shown = shownColumns();
  head.append(row("th", words.columns.slice(0, shown)));
  rows.append(...drawn.slice(-TABLE_ROWS).reverse().map((point) => row("td", point.slice(0, shown))));
  whole.append(make("caption", words.table), head, rows);
  table.replaceChildren(whole);
}

function download() {
  const shown = shownColumns();
  const lines = [words.columns, ...points].map((cells) => cells.slice(0, shown).map((cell) => cell ?? "").join(","));
  const address = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" }));
  const link = Object.assign(document.createElement("a"), { href: address, download: `${run.replace(/[^\w-]/g, "_")}.csv` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000); // Safari reads it late
}

// ----------------------------------------------------------------------------------------------- wiring
plots.forEach((plot, index) => plot.setAttribute("aria-label", words.charts[index]));
table.setAttribute("aria-label", words.table);
[smooth, log, tabular].forEach((box, index) => {
  box.nextElementSibling.textContent = words[["smooth", "log", "tabular"][index]];
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
