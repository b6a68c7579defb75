// Draws each chart from the table behind it: what is drawn, read aloud and exported is one and the same.
// A chart is an element [data-chart] with a .plot and a table.data whose numbers stand in data-value.
(() => {
  "use strict";
  const styles = getComputedStyle(document.documentElement);
  const token = (name) => styles.getPropertyValue(name).trim();
  const number = (value) => value.toLocaleString("en-US");

  const read = (chart) => {
    const table = chart.querySelector("table.data");
    if (!table) return null;
    const text = (cell) => cell.textContent.trim();
    const rows = [...table.tBodies[0].rows];
    return {
      columns: [...table.tHead.rows[0].cells].slice(1).map(text),
      names: rows.map((row) => text(row.cells[0])),
      values: rows.map((row) => [...row.cells].slice(1).map((cell) => Number(cell.dataset.value))),
      written: rows.map((row) => text(row.cells[1])),
    };
  };

  const written = () => ({ color: token("--ink-soft"), fontSize: 12, fontFamily: token("--font") });
  const base = () => ({
    animation: false, // a live picture that moves at every beat cannot be read
    textStyle: { fontFamily: token("--font") },
    aria: { enabled: false },
  });
  const axis = { axisTick: { show: false }, axisLine: { show: false } };
  const short = (name, most) => (name.length > most ? `${name.slice(0, most - 1)}…` : name);

  // The number of a narrow bar at either end leans inwards: it would be cut off.
  const edge = (at, count) => (count < 12 ? "center" : at === 0 ? "left" : at === count - 1 ? "right" : "center");

  // One bar a row, from zero; the highest, and where there is room the last, carry their number, the rest is in the table.
  const bar = ({ names, values, written: texts }, width) => {
    const figures = values.map(([value]) => value);
    const named = new Set([figures.indexOf(Math.max(...figures)), ...(width < 500 ? [] : [figures.length - 1])]);
    return {
      ...base(),
      grid: { left: 8, right: 8, top: 24, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: { ...axis, type: "category", data: names, axisLabel: { ...written(), hideOverlap: true, showMinLabel: true, showMaxLabel: true, alignMinLabel: "left", alignMaxLabel: "right" } },
      yAxis: { type: "value", min: 0, minInterval: 1, axisLabel: { ...written(), formatter: number }, splitNumber: 3, splitLine: { lineStyle: { color: token("--line") } } },
      series: [{
        type: "bar", barCategoryGap: "25%", barMaxWidth: 48, itemStyle: { color: token("--series-1") },
        data: figures.map((value, at) => ({ value, label: { show: named.has(at), align: edge(at, figures.length) } })),
        label: { position: "top", formatter: ({ dataIndex }) => texts[dataIndex], color: token("--ink"), fontFamily: token("--font") },
      }],
    };
  };

  // Rows against columns, each square with its number where there is room: darker is more.
  const heat = ({ columns, names, values }, width) => {
    const cells = values.flatMap((row, y) => row.map((value, x) => [x, y, value]));
    const most = Math.max(1, ...cells.map(([, , value]) => value));
    const hasRoom = (width - 120) / columns.length > 26;
    const label = (name) => short(name, width < 500 ? 9 : 16);
    return {
      ...base(),
      grid: { left: 4, right: 8, top: 4, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: { ...axis, type: "category", data: columns, axisLabel: { ...written(), hideOverlap: true } },
      yAxis: { ...axis, type: "category", inverse: true, data: names, axisLabel: { ...written(), formatter: label } },
      visualMap: { show: false, min: 0, max: most, inRange: { color: [token("--heat-low"), token("--heat-high")] } },
      series: [{
        type: "heatmap", itemStyle: { borderColor: token("--sheet"), borderWidth: 2 },
        data: cells.map((cell) => ({
          value: cell,
          label: { color: cell[2] > most / 2 ? token("--on-heat-high") : token("--on-heat-low") },
        })),
        label: { show: hasRoom, formatter: ({ value }) => (value[2] ? number(value[2]) : ""), fontFamily: token("--font"), fontSize: 11 },
        emphasis: { disabled: true },
      }],
    };
  };

  // The table behind a chart as a file; a spreadsheet runs what looks like a formula, so such a name is marked as text.
  const quoted = (text) => `"${(/^[=+@\-\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  const save = (button) => {
    const rows = [...button.closest("details").querySelector("table").rows];
    const lines = rows.map((row) => [...row.cells].map((cell) => cell.dataset.value ?? quoted(cell.textContent.trim())).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", lines.join("\r\n")], { type: "text/csv" }));
    link.download = button.dataset.saves;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-saves]");
    if (button) save(button);
  });

  const KINDS = { bar, heat };
  const drawn = new Map();
  const draw = (chart) => {
    const plot = chart.querySelector(".plot");
    const table = read(chart);
    if (!table || !table.names.length) return;
    if (!drawn.has(chart)) {
      plot.classList.add("drawn");
      drawn.set(chart, echarts.init(plot, null, { renderer: "svg" }));
    }
    drawn.get(chart).setOption(KINDS[chart.dataset.chart](table, plot.clientWidth), true);
  };

  const all = () => document.querySelectorAll("[data-chart]").forEach(draw);
  all();
  document.addEventListener("region-changed", (event) => {
    const chart = event.target.closest("[data-chart]");
    if (chart) draw(chart);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  new ResizeObserver(() => drawn.forEach((plotted, chart) => { plotted.resize(); draw(chart); })).observe(document.getElementById("main"));
})();
