"use strict";
// Charts of the page of a sweep: uPlot draws axes and lines; marks, error bars, switches and what the pointer reads are here.
(() => {
  const said = JSON.parse(document.getElementById("data").textContent);
  const DASHES = { solid: [], dashed: [7, 4], dotted: [2, 4] };
  const FOLDS = ["blue", "vermilion", "green", "purple", "orange", "sky"];
  const NEAR = 45; // pixels from the pointer to what it reads
  const WIDER = 1.6; // rings than disks
  const APART = 6; // pixels between points at the same place

  // Colours are the page's own, so that they follow light and dark.
  const probe = document.body.appendChild(document.createElement("span"));
  probe.hidden = true;
  let known = new Map();
  const colour = words => {
    if (!known.has(words)) {
      probe.style.color = words;
      known.set(words, getComputedStyle(probe).color);
    }
    return known.get(words);
  };

  const minus = text => text.replace("-", "−");
  const plain = (value, digits = 5) => minus(String(+value.toPrecision(digits)));
  const measured = (value, error) => {
    if (!(error > 0)) return plain(value, 6);
    const digits = Math.min(Math.max(1 - Math.floor(Math.log10(error)), 0), 6);
    return minus(value.toFixed(digits)) + " ± " + error.toFixed(digits);
  };
  const made = (name, classes, text) => {
    const element = document.createElement(name);
    if (classes) element.className = classes;
    if (text) element.textContent = text;
    return element;
  };

  // Switches: a row of buttons for every tag that differs; of some tags one value at a time is on.
  class Switches {
    constructor(chart, changed) {
      this.chart = chart;
      this.values = new Map();
      for (const one of chart.series) for (const [tag, value] of Object.entries(one.tags)) {
        if (!this.values.has(tag)) this.values.set(tag, []);
        if (!this.values.get(tag).includes(value)) this.values.get(tag).push(value);
      }
      this.on = new Map([...this.values].map(([tag, values]) =>
        [tag, new Set(this.alone(tag) ? values.slice(0, 1) : values.filter(value => !chart.off.includes(value)))]));
      this.rows = [...this.values].filter(([, values]) => values.length > 1).map(([tag, values]) => this.row(tag, values, changed));
      this.refresh();
    }

    alone(tag) { return this.chart.one_of.includes(tag); }

    row(tag, values, changed) {
      const row = made("div", this.alone(tag) ? "chips one" : "chips");
      row.setAttribute("role", "group");
      row.setAttribute("aria-label", tag);
      row.append(made("span", "", tag));
      row.buttons = values.map(value => {
        const button = made("button", "", value);
        const colours = new Set(this.chart.series.filter(one => one.tags[tag] === value).map(one => one.colour));
        if (colours.size === 1 && !this.alone(tag)) {
          const dot = made("i");
          dot.style.background = [...colours][0];
          button.prepend(dot);
        }
        button.type = "button";
        button.value = value;
        button.addEventListener("click", () => { this.press(tag, value); changed(); });
        return button;
      });
      row.append(...row.buttons);
      row.tag = tag;
      return row;
    }

    press(tag, value) {
      const on = this.on.get(tag);
      if (this.alone(tag)) this.on.set(tag, new Set([value]));
      else if (!on.delete(value)) on.add(value);
      this.refresh();
    }

    refresh() {
      const possible = one => Object.entries(one.tags).every(([tag, value]) => !this.alone(tag) || this.on.get(tag).has(value));
      const left = this.chart.series.filter(possible);
      for (const row of this.rows) for (const button of row.buttons) {
        button.setAttribute("aria-pressed", this.on.get(row.tag).has(button.value));
        button.hidden = !this.alone(row.tag) && !left.some(one => one.tags[row.tag] === button.value);
      }
    }

    shows(one) { return Object.entries(one.tags).every(([tag, value]) => this.on.get(tag).has(value)); }
  }

  // One chart in its figure.
  class Figure {
    constructor(figure, chart) {
      this.chart = chart;
      this.figure = figure;
      this.switches = new Switches(chart, () => this.switched());
      this.tools = made("div", "tools");
      this.reset = made("button", "reset", "see all");
      this.reset.type = "button";
      this.reset.hidden = true;
      this.reset.addEventListener("click", () => this.whole());
      this.tools.append(...this.switches.rows, this.reset);
      this.canvas = made("div", "canvas");
      this.tip = made("div", "tip");
      this.tip.hidden = true;
      figure.prepend(this.tools, this.canvas);
      this.plot = new uPlot(this.options(), this.table(), this.canvas);
      this.canvas.append(this.tip);
      const drawn = this.canvas.querySelector("canvas");
      drawn.setAttribute("role", "img");
      drawn.setAttribute("aria-label", chart.y + " over " + chart.x);
      this.pinch();
      this.dodge();
      new ResizeObserver(() => this.plot.setSize(this.size())).observe(this.canvas);
    }

    size() { return { width: this.canvas.clientWidth, height: this.canvas.clientHeight }; }

    // All places in one column; null where a series has no point.
    table() {
      const places = [...new Set(this.chart.series.flatMap(one => one.x))].sort((a, b) => a - b);
      const row = new Map(places.map((x, place) => [x, place]));
      return [places, ...this.chart.series.map(one => {
        const column = new Array(places.length).fill(null);
        one.x.forEach((x, place) => { column[row.get(x)] = one.y[place]; });
        return column;
      })];
    }

    options() {
      const axis = { stroke: () => colour("var(--soft)"), grid: { stroke: () => colour("var(--line)"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif", labelFont: "13px system-ui, sans-serif", values: labels };
      const series = this.chart.series.map(one => ({
        show: this.switches.shows(one), label: one.name, width: 1.5, spanGaps: true, points: { show: false },
        stroke: () => colour(one.colour), dash: DASHES[one.line] || [], paths: one.line ? undefined : () => null,
      }));
      return {
        ...this.size(), legend: { show: false }, series: [{}, ...series],
        scales: { x: { time: false, range: (_, low, high) => this.sides(low, high) }, y: { range: (_, low, high) => this.range(low, high) } },
        axes: [
          { ...axis, label: this.chart.x, labelSize: 22, size: 30 },
          { ...axis, label: () => this.label(), labelSize: 20, size: (_, values) => 14 + 7 * Math.max(3, ...(values || []).map(text => text.length)) },
        ],
        cursor: { y: false, points: { show: false }, drag: { x: true, y: true, uni: 40, dist: 8 } },
        hooks: { draw: [() => this.draw()], setCursor: [() => this.read()], setScale: [(_, key) => key === "x" && this.scaled()] },
      };
    }

    label() { return (this.shown()[0] || {}).unit || this.chart.y; }
    shown() { return this.chart.series.filter(one => this.switches.shows(one)); }

    switched() {
      this.plot.batch(() => this.chart.series.forEach((one, place) => {
        const show = this.switches.shows(one);
        if (this.plot.series[place + 1].show !== show) this.plot.setSeries(place + 1, { show });
      }));
      this.dodge();
      this.plot.redraw(false, true);
      this.tip.hidden = true;
    }

    // Points of several series at one place stand side by side.
    dodge() {
      const shown = this.shown();
      this.shift = new Map(shown.map((one, place) => [one, this.chart.dodge ? APART * (place - (shown.length - 1) / 2) : 0]));
      this.plot.redraw(false);
    }

    // All places with a margin, or what was zoomed to as it is.
    sides(low, high) {
      const places = this.chart.series.flatMap(one => one.x);
      return low <= Math.min(...places) && high >= Math.max(...places) ? padded(low, high, 0.03) : [low, high];
    }

    range(low, high) {
      if (low === null) return [0, 1];
      const ends = this.chart.zero ? [low, high, 0] : [low, high];
      for (const one of this.shown()) one.y.forEach((y, place) => {
        const error = one.error[place] || 0;
        if (y !== null && y >= low && y <= high) ends.push(y - error, y + error);
      });
      const top = Math.max(...ends), bottom = Math.min(...ends);
      const floor = top > 0 && this.shown().some(one => one.floor);  // first looks may be far below what cannot be negative
      return padded(floor ? Math.max(bottom, -0.25 * top) : bottom, top, 0.06);
    }

    at(one, place) {
      const x = this.plot.valToPos(one.x[place], "x") + (this.shift.get(one) || 0);
      return [x, this.plot.valToPos(one.y[place], "y")];
    }

    draw() {
      const { ctx, bbox } = this.plot, scale = devicePixelRatio;
      if (!this.shift) return;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      ctx.translate(bbox.left, bbox.top);
      ctx.scale(scale, scale);
      if (this.chart.zero) this.rule(ctx);
      for (const one of this.shown()) one.band ? this.band(ctx, one) : this.marks(ctx, one);
      ctx.restore();
    }

    rule(ctx) {
      const y = this.plot.valToPos(0, "y");
      ctx.strokeStyle = colour("var(--soft)");
      ctx.lineWidth = 1;
      ctx.beginPath();
      ctx.moveTo(0, y);
      ctx.lineTo(this.plot.over.clientWidth, y);
      ctx.stroke();
    }

    band(ctx, one) {
      const high = this.plot.valToPos(one.y[0] + one.error[0], "y"), low = this.plot.valToPos(one.y[0] - one.error[0], "y");
      ctx.globalAlpha = 0.2;
      ctx.fillStyle = colour(one.colour);
      ctx.fillRect(0, high, this.plot.over.clientWidth, low - high);
      ctx.globalAlpha = 1;
    }

    marks(ctx, one) {
      ctx.strokeStyle = colour(one.colour);
      ctx.lineWidth = 1.4;
      one.x.forEach((_, place) => {
        if (one.y[place] === null) return;
        const [x, y] = this.at(one, place), error = one.error[place];
        if (error > 0) {
          const high = this.plot.valToPos(one.y[place] + error, "y"), low = this.plot.valToPos(one.y[place] - error, "y");
          ctx.beginPath();
          ctx.moveTo(x, high);
          ctx.lineTo(x, low);
          for (const end of [high, low]) { ctx.moveTo(x - 3, end); ctx.lineTo(x + 3, end); }
          ctx.stroke();
        }
        if (!one.mark) return;
        const size = one.hollow ? WIDER : 1; // a ring lets what lies inside it be seen
        ctx.save();
        ctx.translate(x, y);
        ctx.scale(size, size);
        ctx.lineWidth /= size;
        ctx.fillStyle = colour(one.guessed.includes(place) ? "var(--paper)" : one.colour);
        ctx.beginPath();
        MARKS[one.mark](ctx, 0, 0);
        ctx.closePath();
        if (!one.hollow) ctx.fill();
        ctx.stroke();
        ctx.restore();
      });
    }

    // The point next to the pointer, in words.
    read() {
      const { left, top } = this.plot.cursor;
      let best = NEAR, found = null;
      if (left >= 0 && this.shift) for (const one of this.shown()) one.x.forEach((_, place) => {
        if (one.y[place] === null) return;
        const [x, y] = this.at(one, place), away = Math.hypot(x - left, y - top);
        if (away < best) [best, found] = [away, { one, place, x, y }];
      });
      this.tip.hidden = !found;
      if (!found) return;
      const { one, place, x, y } = found;
      this.tip.replaceChildren(made("div", "", one.name), made("b", "", measured(one.y[place], one.error[place])), made("div", "soft", `${this.chart.along} ${plain(one.x[place])}`));
      const over = this.plot.over, side = over.offsetLeft + x + 12;
      const fits = side + this.tip.offsetWidth <= this.canvas.clientWidth;
      this.tip.style.left = `${fits ? side : Math.max(side - 24 - this.tip.offsetWidth, 0)}px`;
      this.tip.style.top = `${Math.max(over.offsetTop + y - this.tip.offsetHeight - 8, 0)}px`;
    }

    scaled() {
      const { min, max } = this.plot.scales.x, places = this.plot.data[0];
      this.figure.dataset.from = min;
      this.figure.dataset.to = max;
      this.reset.hidden = min <= places[0] && max >= places[places.length - 1];
      this.tip.hidden = true;
    }

    whole() { this.plot.setData(this.plot.data, true); }

    // Two fingers: what is under them stays under them.
    pinch() {
      const over = this.plot.over;
      let start = null;
      const fingers = event => {
        const box = over.getBoundingClientRect(), [a, b] = event.touches;
        const span = (one, other) => Math.max(Math.abs(one - other), 30);
        return { x: (a.clientX + b.clientX) / 2 - box.left, y: (a.clientY + b.clientY) / 2 - box.top, wide: span(a.clientX, b.clientX), high: span(a.clientY, b.clientY) };
      };
      over.addEventListener("touchstart", event => {
        if (event.touches.length !== 2) return;
        const at = fingers(event), { x, y } = this.plot.scales;
        start = { ...at, xs: [x.min, x.max], ys: [y.min, y.max] };
        start.fx = this.plot.posToVal(at.x, "x");
        start.fy = this.plot.posToVal(at.y, "y");
        event.preventDefault();
      }, { passive: false });
      over.addEventListener("touchmove", event => {
        if (!start || event.touches.length !== 2) return;
        event.preventDefault();
        const now = fingers(event);
        const wide = (start.xs[1] - start.xs[0]) * start.wide / now.wide, high = (start.ys[1] - start.ys[0]) * start.high / now.high;
        const left = start.fx - wide * now.x / over.clientWidth, top = start.fy + high * now.y / over.clientHeight;
        this.plot.batch(() => {
          this.plot.setScale("x", { min: left, max: left + wide });
          this.plot.setScale("y", { min: top - high, max: top });
        });
      }, { passive: false });
      over.addEventListener("touchend", () => { start = null; });
    }
  }

  const MARKS = {
    disk: (ctx, x, y) => ctx.arc(x, y, 3.4, 0, 2 * Math.PI),
    square: (ctx, x, y) => ctx.rect(x - 3, y - 3, 6, 6),
    triangle: (ctx, x, y) => { ctx.moveTo(x, y - 4.2); ctx.lineTo(x + 4, y + 3); ctx.lineTo(x - 4, y + 3); },
    diamond: (ctx, x, y) => { ctx.moveTo(x, y - 4.4); ctx.lineTo(x + 4.4, y); ctx.lineTo(x, y + 4.4); ctx.lineTo(x - 4.4, y); },
  };

  const padded = (low, high, share) => {
    const pad = share * (high - low) || Math.abs(high) * 0.1 || 0.1;
    return [low - pad, high + pad];
  };

  // Numbers of an axis, all to the decimals that its steps need.
  const labels = (_, splits, place, space, step) => {
    let digits = 0;
    while (digits < 7 && Math.abs(Math.round(step * 10 ** digits) - step * 10 ** digits) > 1e-6) digits++;
    return splits.map(value => value === null ? "" : minus((Math.abs(value) < step / 1e3 ? 0 : value).toFixed(digits)));
  };

  // Training curves of one state point.
  const trained = trainings => ({
    x: "training step", y: "bound", along: "step", one_of: ["of"], off: [], zero: false,
    series: trainings.flatMap(one => {
      const base = { tags: { of: one.of, shown: "held out" }, error: [], guessed: [], line: "solid", mark: "", unit: one.unit, floor: one.floor };
      const last = Math.max(...one.folds.flatMap(fold => fold.steps));
      const held = { ...base, name: "held out", x: [0, last], y: [one.value, one.value], error: [one.error, one.error], colour: "var(--grey)", line: "dashed", band: true };
      return [held, ...one.folds.map((fold, place) => {
        const name = `fold ${place + 1}`;
        const mark = fold.steps.length < 40 ? "disk" : "";
        return { ...base, name, x: fold.steps, y: fold.bound, tags: { ...base.tags, shown: name }, colour: `var(--${FOLDS[place % FOLDS.length]})`, mark };
      })];
    }),
  });

  const figures = [...document.querySelectorAll("[data-chart]")].map(figure => new Figure(figure, said.charts[figure.dataset.chart]));
  for (const button of document.querySelectorAll(".unfold")) button.addEventListener("click", () => {
    const detail = document.getElementById(button.getAttribute("aria-controls"));
    detail.hidden = !detail.hidden;
    button.setAttribute("aria-expanded", !detail.hidden);
    const figure = detail.querySelector("[data-training]:not([data-made])");
    if (figure) {
      figure.dataset.made = "yes";
      figures.push(new Figure(figure, trained(said.trainings[figure.dataset.training])));
    }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    known = new Map();
    figures.forEach(figure => figure.plot.redraw(false, true));
  });
})();
