// Sends the clicks on the cells of the chart named in the markup. Each update makes a new chart, which gets its listener
// when the pointer is first over it.
const name = element.querySelector("[data-chart]").dataset.chart;
const listening = new WeakSet();

document.addEventListener("pointerover", (event) => {
  const chart = event.target.closest && event.target.closest(`#${name} .js-plotly-plot`);
  if (!chart || !chart.on || listening.has(chart)) return;
  listening.add(chart);
  chart.on("plotly_click", (found) => {
    const site = found.points[0].customdata;
    if (site) trigger("choose", { name: site });
  });
});
