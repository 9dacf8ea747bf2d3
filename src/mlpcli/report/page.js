document.querySelectorAll("[data-sweep]").forEach(function (panel) {
  const sweep = JSON.parse(panel.dataset.sweep);
  const slider = panel.querySelector("input");
  function show() {
    const place = Number(slider.value);
    panel.querySelectorAll("[data-is]").forEach(function (cell) {
      const name = cell.dataset.is;
      const value = sweep[name][place];
      cell.textContent = ["tn", "fp", "fn", "tp"].includes(name) ? value
        : name === "at" ? Number(value.toPrecision(4)) : value.toFixed(4);
    });
    slider.setAttribute("aria-valuetext", "threshold " + Number(sweep.at[place].toPrecision(4)));
  }
  slider.closest("p").hidden = false;
  slider.addEventListener("input", show);
  show();
});
window.addEventListener("beforeprint", function () {
  document.querySelectorAll("details").forEach(function (part) { part.open = true; });
});
