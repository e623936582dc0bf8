// Properties, all strings. nodes: JSON rows [parent, name, class, size, selectable, role, side] in pre-order;
// value: selected rows as ranges, "3-10,14"; parameters: weights of the model.
// Rows are identified by their index; `end[i]` is the first row after the subtree of row i.

const find = (selector) => element.querySelector(selector);
const [box, filter, scroller, canvas, drawnRows] = [".layer-tree", ".filter", ".rows", ".canvas", ".drawn"].map(find);
const [chipBar, found, totals, empty] = [".chips", ".found", ".totals", ".empty"].map(find);
const uid = `layer-${Math.random().toString(36).slice(2, 9)}`;
const MOST_CHIPS = 12;
const FEW_BLOCKS = 4; // a longer list inside a block, such as its experts, starts closed
const MARGIN = 8; // rows drawn above and below the visible ones
const PAUSE = 120; // ms: the first change is sent at once, quick ones after it when they pause this long

let words = {};
let rows = []; // the parsed nodes
let paths = [];
let end, level, parent, hasSites; // structure; hasSites: 1 where a site is in the subtree
let selected; // 1 where selected
let matching, shown; // 1 where a row matches the filter; where it or a row below it does
let open, openFound; // 1 where a branch is open, without and with a filter
let sites, selectedSites, parameters; // counts per row, over the matching sites of its subtree; parameters of selected ones
let visible = []; // rows that have a line, top to bottom
let line; // row -> its line, -1 when hidden
let position, siblings; // aria-posinset and aria-setsize of visible rows
let chips = []; // {name, rows}
let active = 0;
let query = null; // null, or a function path -> boolean
let drawnNodes = null;
let drawnTotals = "";
let sent = null; // the value last sent or received: its echo changes nothing
let timer = 0;
let lastChange = -Infinity;
let rowHeight = 28;

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const escapeHtml = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
const isOpen = (row) => (query ? openFound : open)[row] === 1;
const isBranch = (row) => end[row] > row + 1;
const isSite = (row) => rows[row][4] === 1;
const nameOf = (row) => rows[row][1] || rows[row][2];

// ------------------------------------------------------------------------------------------- structure
function build() {
  drawnNodes = props.nodes;
  rows = JSON.parse(drawnNodes);
  const count = rows.length;
  parent = Int32Array.from(rows, (row) => row[0]);
  level = new Uint16Array(count);
  end = Int32Array.from(rows, (_, index) => index + 1);
  paths = new Array(count);
  for (let row = 0; row < count; row++) {
    const above = parent[row];
    level[row] = above < 0 ? 1 : level[above] + 1;
    const name = rows[row][1];
    paths[row] = above >= 0 && paths[above] && !name.startsWith("[") ? `${paths[above]}.${name}`
      : (above >= 0 ? paths[above] : "") + name;
  }
  hasSites = Uint8Array.from(rows, (row) => row[4]);
  for (let row = count - 1; row > 0; row--) {
    if (parent[row] < 0) continue;
    end[parent[row]] = Math.max(end[parent[row]], end[row]);
    hasSites[parent[row]] |= hasSites[row];
  }
  selected = new Uint8Array(count);
  matching = new Uint8Array(count);
  shown = new Uint8Array(count);
  openFound = new Uint8Array(count);
  sites = new Int32Array(count);
  selectedSites = new Int32Array(count);
  parameters = new Float64Array(count);
  line = new Int32Array(count);
  position = new Int32Array(count);
  siblings = new Int32Array(count + 1);
  open = opened(true);
  visible = [];
  active = 0;
  filter.value = "";
  scroller.scrollTop = 0;
}

// The rows open at first: branches with sites, down to the repeated blocks, and the first block of all.
function opened(withFirstBlock) {
  const result = new Uint8Array(rows.length);
  let firstBlock = -1;
  for (let row = 0; row < rows.length;) {
    result[row] = isBranch(row) && hasSites[row];
    const isList = blocksIn(row) > 1;
    if (isList && firstBlock < 0) firstBlock = row + 1;
    row = isList ? end[row] : row + 1;
  }
  if (withFirstBlock && firstBlock >= 0) {
    for (let row = firstBlock; row < end[firstBlock]; row++) {
      result[row] = isBranch(row) && hasSites[row] && blocksIn(row) <= FEW_BLOCKS;
    }
  }
  return result;
}

// How many blocks a list of blocks has: children named by numbers. 0 for anything else.
function blocksIn(row) {
  let children = 0;
  for (let child = row + 1; child < end[row]; child = end[child]) {
    if (!/^\d+$/.test(rows[child][1])) return 0;
    children++;
  }
  return children;
}

// ------------------------------------------------------------------------------------------ selection
function encode() {
  const ranges = [];
  for (let row = 0; row < rows.length; row++) {
    if (!selected[row]) continue;
    const start = row;
    while (row + 1 < rows.length && selected[row + 1]) row++;
    ranges.push(start === row ? start : `${start}-${row}`);
  }
  return ranges.join(",");
}

function decode(text) {
  clearTimeout(timer);
  sent = text ?? "";
  selected.fill(0);
  for (const range of sent.split(",").filter(Boolean)) {
    const [start, stop = start] = range.split("-").map(Number);
    for (let row = start; row <= stop && row < rows.length; row++) selected[row] = rows[row][4];
  }
}

// The value is set at once, so that any other event sends it too.
function commit() {
  recount();
  draw();
  sent = encode();
  props.value = sent;
  clearTimeout(timer);
  const quick = performance.now() - lastChange < PAUSE;
  lastChange = performance.now();
  timer = setTimeout(() => trigger("input"), quick ? PAUSE : 0);
}

function setSelected(list) {
  const value = list.every((row) => selected[row]) ? 0 : 1;
  for (const row of list) selected[row] = value;
  commit();
}

function toggle(row) {
  const below = [];
  for (let at = row; at < end[row]; at++) if (isSite(at) && matching[at]) below.push(at);
  if (below.length) setSelected(below);
}

function recount() {
  for (let row = 0; row < rows.length; row++) {
    const counts = isSite(row) && matching[row];
    sites[row] = counts ? 1 : 0;
    selectedSites[row] = counts && selected[row] ? 1 : 0;
    parameters[row] = selectedSites[row] ? rows[row][3] : 0;
  }
  for (let row = rows.length - 1; row > 0; row--) {
    const above = parent[row];
    if (above < 0) continue;
    sites[above] += sites[row];
    selectedSites[above] += selectedSites[row];
    parameters[above] += parameters[row];
  }
  drawTotals();
  drawChipStates();
}

const stateOf = (count, of) => (count === 0 ? "false" : count === of ? "true" : "mixed");

// --------------------------------------------------------------------------------------------- filter
function readFilter() {
  const text = filter.value.trim();
  const expression = /^\/(.+)\/(i?)$/.exec(text);
  query = null;
  let invalid = false;
  if (expression) {
    try {
      const regex = new RegExp(expression[1], expression[2]);
      query = (path) => regex.test(path);
    } catch {
      invalid = true;
    }
  } else if (text) {
    const wanted = text.toLowerCase();
    query = (path) => path.toLowerCase().includes(wanted);
  }
  filter.setAttribute("aria-invalid", String(invalid));
  match();
  let count = 0;
  for (let row = 0; row < rows.length; row++) if (isSite(row) && matching[row]) count++;
  const of = rows.reduce((sum, row) => sum + row[4], 0);
  found.textContent = invalid ? fill(words.invalid, { text })
    : !query ? "" : shown.includes(1) ? fill(words.matches, { count: number.format(count), all: number.format(of) })
      : words.no_match;
  found.classList.toggle("bad", invalid);
}

function match() {
  for (let row = 0; row < rows.length; row++) matching[row] = shown[row] = !query || query(paths[row]) ? 1 : 0;
  for (let row = rows.length - 1; row > 0; row--) if (shown[row] && parent[row] >= 0) shown[parent[row]] = 1;
  openFound.fill(1);
}

function applyFilter() {
  readFilter();
  drawChips();
  recount();
  layOut();
  scroller.scrollTop = 0;
  draw();
}

// -------------------------------------------------------------------------------------------- drawing
function layOut() {
  visible = [];
  line.fill(-1);
  siblings.fill(0);
  for (let row = 0; row < rows.length;) {
    if (!shown[row]) { row = end[row]; continue; }
    line[row] = visible.length;
    visible.push(row);
    position[row] = ++siblings[parent[row] + 1];
    row = isOpen(row) ? row + 1 : end[row];
  }
  while (active > 0 && line[active] < 0 && parent[active] >= 0) active = parent[active];
  if (line[active] === -1) active = visible[0] ?? 0;
  canvas.style.height = `${visible.length * rowHeight}px`;
  box.dataset.lines = visible.length;
}

function draw() {
  const first = Math.max(0, Math.floor(scroller.scrollTop / rowHeight) - MARGIN);
  const last = Math.min(visible.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / rowHeight) + MARGIN);
  drawnRows.style.transform = `translateY(${first * rowHeight}px)`;
  drawnRows.innerHTML = visible.slice(first, last).map(rowHtml).join("");
  const drawn = line[active] >= first && line[active] < last;
  if (drawn && visible.length) scroller.setAttribute("aria-activedescendant", `${uid}-${active}`);
  else scroller.removeAttribute("aria-activedescendant");
}

function rowHtml(row) {
  const [, , , , selectable, role, side] = rows[row];
  const classes = `row${selectable ? "" : " plain"}${row === active ? " active" : ""}`;
  return `<div class="${classes}" role="treeitem" id="${uid}-${row}" data-row="${row}"`
    + ` data-path="${escapeHtml(paths[row])}" style="--level:${level[row] - 1}" ${ariaOf(row)}>${moduleCell(row)}`
    + `${selectable ? siteCells(role, side) : ""}<span class="size">${sizeOf(row)}</span></div>`;
}

function ariaOf(row) {
  return `aria-level="${level[row]}" aria-posinset="${position[row]}" aria-setsize="${siblings[parent[row] + 1]}"`
    + ` aria-label="${escapeHtml(labelOf(row))}"`
    + (isBranch(row) ? ` aria-expanded="${isOpen(row)}"` : "")
    + (sites[row] ? ` aria-checked="${stateOf(selectedSites[row], sites[row])}"` : "");
}

function moduleCell(row) {
  const [, name, kind] = rows[row];
  const ofKind = name && kind ? `<span class="kind">${escapeHtml(kind)}</span>` : "";
  const count = isBranch(row) && sites[row]
    ? `<span class="count">${number.format(selectedSites[row])}/${number.format(sites[row])}</span>` : "";
  return `<span class="module" title="${escapeHtml(paths[row] || nameOf(row))}"><i class="indent"></i>`
    + `<i class="twisty${isBranch(row) ? "" : " none"}"></i><i class="check${sites[row] ? "" : " none"}"></i>`
    + `<span class="name">${escapeHtml(nameOf(row))}</span>${ofKind}${count}</span>`;
}

function siteCells(role, side) {
  const [roleName, roleTitle] = (words.roles[role] ?? [role, ""]).map(escapeHtml);
  const [sideName, sideTitle] = (words.sides[side] ?? [side, ""]).map(escapeHtml);
  return `<span><span class="badge" data-role="${escapeHtml(role)}" title="${roleTitle}">${roleName}</span></span>`
    + `<span class="side" title="${sideTitle}">${sideName}</span>`;
}

function sizeOf(row) {
  if (isSite(row) && !isBranch(row)) return number.format(rows[row][3]);
  return parameters[row] ? number.format(parameters[row]) : "";
}

function labelOf(row) {
  const [, , kind, size, selectable, role, side] = rows[row];
  const values = {
    name: nameOf(row), kind: rows[row][1] && kind, size: number.format(size), role: (words.roles[role] ?? [role])[0],
    side: (words.sides[side] ?? [side])[0], selected: selectedSites[row], all: sites[row],
  };
  const text = fill(selectable ? words.site : sites[row] ? words.branch : words.plain, values);
  return text.replace(/(, )+/g, ", ").replace(/, $/, ""); // a part of a fused projection has no class
}

function drawTotals() {
  let vectors = 0;
  let trained = 0;
  for (let row = 0; row < rows.length; row++) {
    if (selected[row]) { vectors++; trained += rows[row][3]; }
  }
  const parts = [
    [number.format(vectors), words.vectors[vectors === 1 ? 0 : 1]],
    [number.format(trained), words.parameters[trained === 1 ? 0 : 1]],
    [number.format((4 * trained) / 1000), words.adapter],
  ];
  const weights = Number(props.parameters);
  if (weights > 0) parts.push([share((100 * trained) / weights), words.share]);
  const html = (vectors ? "" : `<span class="nothing">${escapeHtml(words.nothing)}</span> `)
    + parts.map(([value, unit]) => `<span><b>${value}</b> ${escapeHtml(unit)}</span>`).join(" ");
  if (html === drawnTotals) return; // a screen reader reads a live region again when it is written
  totals.innerHTML = drawnTotals = html;
}

const share = (percent) => (percent === 0 ? "0" : percent >= 1 ? number.format(percent) : percent.toPrecision(2));

// ---------------------------------------------------------------------------------------------- chips
// The end of a path that a chip selects: "k_proj", "c_attn[key]", "net.0" where the last name is a number, and
// `more` names further up.
function ending(row, more) {
  const names = paths[row].split(".");
  let first = names.length - 1;
  while (first > 0 && /^\d/.test(names[first])) first--;
  for (let step = 0; step < more && first > 0 && !/^\d/.test(names[first - 1]); step++) first--;
  return names.slice(first).join(".");
}

// Rows of one ending are one chip, unless they have different roles: GPT-2 has two modules named c_proj.
function patterns(list, more) {
  const groups = new Map();
  for (const row of list) {
    const name = ending(row, more);
    if (groups.has(name)) groups.get(name).push(row);
    else groups.set(name, [row]);
  }
  return [...groups].flatMap(([name, members]) => {
    const mixed = more < 3 && members.some((row) => rows[row][5] !== rows[members[0]][5]);
    const finer = mixed ? patterns(members, more + 1) : [];
    return finer.length > 1 ? finer : [{ name, rows: members }];
  });
}

function drawChips() {
  const list = [];
  for (let row = 0; row < rows.length; row++) if (isSite(row) && matching[row]) list.push(row);
  const focused = chipBar.contains(document.activeElement) ? document.activeElement.dataset.pat : null;
  chips = patterns(list, 0).sort((one, other) => other.rows.length - one.rows.length).slice(0, MOST_CHIPS);
  chipBar.innerHTML = chips.map(({ name }, index) => `<button type="button" class="chip" role="checkbox"`
    + ` data-chip="${index}" data-pat="${escapeHtml(name)}"><i class="check"></i>`
    + `<span class="name">${escapeHtml(name)}</span> <span class="count"></span></button>`).join("");
  if (focused !== null) chipBar.querySelector(`[data-pat="${CSS.escape(focused)}"]`)?.focus();
}

function drawChipStates() {
  for (const chip of chipBar.children) {
    const { name, rows: members } = chips[chip.dataset.chip];
    const count = members.reduce((sum, row) => sum + selected[row], 0);
    chip.setAttribute("aria-checked", stateOf(count, members.length));
    chip.setAttribute("aria-label", fill(words.chip, { name, selected: count, all: members.length }));
    chip.querySelector(".count").textContent = `${number.format(count)}/${number.format(members.length)}`;
  }
}

// ------------------------------------------------------------------------------------------- movement
function setOpen(row, value) {
  (query ? openFound : open)[row] = value;
  layOut();
  draw();
}

function goTo(row) {
  if (row === undefined || row < 0) return;
  active = row;
  const top = line[row] * rowHeight;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  const bottom = top + rowHeight - scroller.clientHeight;
  if (bottom > scroller.scrollTop) scroller.scrollTop = bottom;
  draw();
}

const KEYS = {
  ArrowDown: () => goTo(visible[line[active] + 1]),
  ArrowUp: () => goTo(visible[line[active] - 1]),
  Home: () => goTo(visible[0]),
  End: () => goTo(visible[visible.length - 1]),
  PageDown: () => goTo(visible[Math.min(visible.length - 1, line[active] + page())]),
  PageUp: () => goTo(visible[Math.max(0, line[active] - page())]),
  ArrowRight: () => {
    if (!isBranch(active)) return;
    if (isOpen(active)) goTo(visible[line[active] + 1]);
    else setOpen(active, 1);
  },
  ArrowLeft: () => (isBranch(active) && isOpen(active) ? setOpen(active, 0) : goTo(parent[active])),
  Enter: () => (sites[active] ? toggle(active) : isBranch(active) && setOpen(active, isOpen(active) ? 0 : 1)),
};
KEYS[" "] = KEYS.Enter;
const page = () => Math.max(1, Math.floor(scroller.clientHeight / rowHeight) - 1);

function openOnly(flags) {
  (query ? openFound : open).set(flags);
  layOut();
  goTo(active);
}

// -------------------------------------------------------------------------------------------- events
scroller.addEventListener("keydown", (event) => {
  if (!KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey || !visible.length) return;
  event.preventDefault();
  KEYS[event.key]();
});
scroller.addEventListener("click", (event) => {
  const item = event.target.closest(".row");
  if (!item) return;
  active = Number(item.dataset.row);
  const onTwisty = event.target.closest(".twisty:not(.none)");
  const onCheck = event.target.closest(".check:not(.none)");
  if (onCheck || (!onTwisty && isSite(active) && sites[active])) toggle(active);
  else if (isBranch(active)) setOpen(active, isOpen(active) ? 0 : 1);
  else draw();
});
let frame = 0;
scroller.addEventListener("scroll", () => {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(draw);
});
chipBar.addEventListener("click", (event) => {
  const chip = event.target.closest(".chip");
  if (chip) setSelected(chips[chip.dataset.chip].rows);
});
filter.addEventListener("input", applyFilter);
filter.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown") return;
  event.preventDefault();
  scroller.focus();
});
find(".expand").addEventListener("click", () => openOnly(new Uint8Array(rows.length).fill(1)));
find(".collapse").addEventListener("click", () => openOnly(opened(false)));
find(".clear").addEventListener("click", () => { selected.fill(0); commit(); });
new ResizeObserver(measure).observe(scroller);

function measure() {
  rowHeight = parseFloat(getComputedStyle(scroller).getPropertyValue("--row")) || rowHeight;
  canvas.style.height = `${visible.length * rowHeight}px`;
  if (visible.length) draw();
}

// --------------------------------------------------------------------------------------------- start
function setWords() {
  words = JSON.parse(box.dataset.words);
  filter.placeholder = words.filter;
  filter.setAttribute("aria-label", words.filter);
  scroller.setAttribute("aria-label", words.tree);
  chipBar.setAttribute("aria-label", words.chips);
  empty.textContent = words.empty;
  for (const name of ["expand", "collapse", "clear"]) {
    [find(`.${name}`).textContent, find(`.${name}`).title] = words[name];
  }
  words.columns.forEach((word, index) => { find(".head").children[index].textContent = word; });
}

function show() {
  setWords();
  if (props.nodes !== drawnNodes) {
    build();
    box.classList.toggle("bare", rows.length === 0);
    empty.hidden = rows.length > 0;
    decode(props.value);
    measure();
    applyFilter();
  } else if (props.value !== sent) {
    decode(props.value);
    recount();
    draw();
  } else {
    drawTotals();
  }
  box.dataset.rows = rows.length;
}

// Split, not quoted one by one: Gradio takes each quoted word here for the name of an event.
watch("nodes value parameters".split(" "), show);
show();
