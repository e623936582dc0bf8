// Tells of clicks on the cells of the chart named in the markup. Charts come and go: each is listened to once, when
// the pointer first comes over it.
const name = element.querySelector("[data-chart]").dataset.chart;
const heard = new WeakSet();

document.addEventListener("pointerover", (event) => {
  const chart = event.target.closest && event.target.closest(`#${name} .js-plotly-plot`);
  if (!chart || !chart.on || heard.has(chart)) return;
  heard.add(chart);
  chart.on("plotly_click", (found) => {
    const site = found.points[0].customdata;
    if (site) trigger("choose", { name: site });
  });
});
