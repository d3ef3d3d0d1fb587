// Keeps the overview current. Without it the page shows the same figures as of when it was loaded.
(() => {
  "use strict";
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const chartAt = document.getElementById("chart");
  let chart = null;

  const draw = (minutes) => {
    if (!chartAt || typeof uPlot === "undefined") return;
    const data = [minutes.map((m) => m.at), minutes.map((m) => m.refused), minutes.map((m) => m.deferred), minutes.map((m) => m.filed), minutes.map((m) => m.real)];
    if (chart) { chart.setData(data); return; }
    const line = (label, color, scale) => ({ label, stroke: style(color), width: 2, scale, points: { show: false } });
    const axis = (scale, side) => ({ scale, side, stroke: style("--soft"), grid: { stroke: style("--line"), show: scale === "flood" }, size: 48 });
    const range = (u, low, high) => [0, Math.max(5, high * 1.1)];
    chart = new uPlot({
      width: chartAt.clientWidth, height: 240,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      scales: { flood: { range }, real: { range } },
      series: [{ label: "UTC", value: "{HH}:{mm}" }, line("refused", "--refused", "flood"), line("put off", "--deferred", "flood"), line("filed", "--filed", "flood"), line("real mail (right scale)", "--real", "real")],
      axes: [{ values: [[60, "{HH}:{mm}", null, null, null, null, null, null, 1]], stroke: style("--soft"), grid: { stroke: style("--line") } }, axis("flood", 3), axis("real", 1)],
    }, data, chartAt);
    addEventListener("resize", () => chart.setSize({ width: chartAt.clientWidth, height: 240 }));
  };

  const show = (figures) => {
    for (const [name, text] of Object.entries(figures.texts)) {
      for (const at of document.querySelectorAll(`[data-f="${name}"]`)) if (at.textContent !== text) at.textContent = text;
    }
    let left = 0;
    for (const at of document.querySelectorAll("[data-share]")) {
      const share = figures.shares[at.dataset.share] ?? 0;
      at.setAttribute("x", left);
      at.setAttribute("width", share);
      left += share;
    }
    const state = document.getElementById("state");
    if (state) {
      if (state.dataset.storms !== figures.stormIds) { location.reload(); return; }
      state.classList.toggle("storm", figures.storms > 0);
    }
    draw(figures.minutes);
  };

  const first = document.getElementById("figures");
  if (first) {
    show(JSON.parse(first.textContent));
    const live = document.getElementById("live");
    const events = new EventSource("/api/events");
    events.onmessage = (e) => { if (live) live.textContent = "live"; show(JSON.parse(e.data)); };
    events.onerror = () => { if (live) live.textContent = "not connected, trying again"; };
  }
  for (const form of document.querySelectorAll("form[data-confirm]")) {
    form.addEventListener("submit", (e) => { if (!confirm(form.dataset.confirm)) e.preventDefault(); });
  }
})();
