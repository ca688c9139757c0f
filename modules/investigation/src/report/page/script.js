// A hair through all drawings at the same moment, with its time and the value of the series below it. Everything is on the page
// without it.
(() => {
  const pad = (n, w = 2) => String(n).padStart(w, "0");
  const drawings = [...document.querySelectorAll("[data-from]")].map((element) => {
    const hair = document.createElement("div");
    const label = document.createElement("div");
    hair.className = "hair";
    label.className = "hair-label";
    hair.append(label);
    element.append(hair);
    return { element, hair, label, from: +element.dataset.from, to: +element.dataset.to };
  });
  const strip = (element) => element.querySelector("svg.strip") ?? element;
  const value = (element, share) => {
    const { low, high, unit } = element.dataset;
    if (low === undefined) return "";
    const x = share * 1000;
    for (const line of element.querySelectorAll("polyline")) {
      const points = line.getAttribute("points").split(" ").map((pair) => pair.split(",").map(Number));
      const next = points.findIndex((point) => point[0] >= x);
      if (next < 0 || (next === 0 && points[0][0] - x > 8)) continue;
      const near = next > 0 && x - points[next - 1][0] < points[next][0] - x ? points[next - 1] : points[next];
      const v = +high - (near[1] / 120) * (+high - +low);
      return ` · ${+v.toPrecision(3)}${unit.startsWith("/") ? "" : " "}${unit}`;
    }
    return "";
  };
  const show = (time, under) => {
    for (const { element, hair, label, from, to } of drawings) {
      const share = (time - from) / (to - from);
      if (!(share >= 0 && share <= 1)) {
        hair.hidden = true;
        continue;
      }
      const inner = strip(element).getBoundingClientRect();
      const outer = element.getBoundingClientRect();
      hair.hidden = false;
      hair.style.left = `${inner.left - outer.left + share * inner.width}px`;
      label.classList.toggle("left", share > 0.7);
      const date = new Date(time / 1000);
      const clock = `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}`;
      // Strips of bars are low: there the time is shown where the pointer is alone.
      label.hidden = element.dataset.low === undefined && element !== under;
      label.textContent = clock + value(element, share);
    }
  };
  for (const { element, hair, from, to } of drawings) {
    hair.hidden = true;
    element.addEventListener("pointermove", (event) => {
      const inner = strip(element).getBoundingClientRect();
      const share = (event.clientX - inner.left) / inner.width;
      if (share >= 0 && share <= 1) show(from + share * (to - from), element);
    });
    element.addEventListener("pointerleave", () => show(NaN));
  }
  // On paper everything that unfolds is open.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const fold of opened) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of opened) fold.open = false;
  });
})();
