"use strict";
// Charts of a page. uPlot draws axes and lines; this script adds marks, error bars, buttons and the tooltip.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const DASHES = { solid: [], dashed: [7, 4], dotted: [2, 4] };
  const FOLDS = ["blue", "vermilion", "green", "purple", "orange", "sky"];
  const NEAR = 45; // largest distance in pixels from the pointer to a point that it reads
  const WIDER = 1.6; // size of rings relative to disks
  const APART = 6; // pixels between points at the same position

  // Resolve colours of the page, which follow light and dark.
  const probe = document.body.appendChild(document.createElement("span"));
  probe.hidden = true;
  let resolved = new Map();
  const colour = words => {
    if (!resolved.has(words)) {
      probe.style.color = words;
      resolved.set(words, getComputedStyle(probe).color);
    }
    return resolved.get(words);
  };

  const minus = text => text.replace("-", "−");
  const plain = (value, digits = 5) => minus(String(+value.toPrecision(digits)));
  const measured = (value, error) => {
    if (!(error > 0)) return plain(value, 6);
    const digits = Math.min(Math.max(1 - Math.floor(Math.log10(error)), 0), 6);
    return minus(value.toFixed(digits)) + " ± " + error.toFixed(digits);
  };
  const create = (name, classes, text) => {
    const element = document.createElement(name);
    if (classes) element.className = classes;
    if (text) element.textContent = text;
    return element;
  };

  // A row of buttons for every tag that differs; some tags allow one value at a time.
  class Switches {
    constructor(chart, changed) {
      this.chart = chart;
      this.values = new Map();
      for (const series of chart.series) for (const [tag, value] of Object.entries(series.tags)) {
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
      const row = create("div", this.alone(tag) ? "chips one" : "chips");
      row.setAttribute("role", "group");
      row.setAttribute("aria-label", tag);
      row.append(create("span", "", tag));
      row.buttons = values.map(value => {
        const button = create("button", "", value);
        const colours = new Set(this.chart.series.filter(series => series.tags[tag] === value).map(series => series.colour));
        if (colours.size === 1 && !this.alone(tag)) {
          const dot = create("i");
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
      const possible = series => Object.entries(series.tags).every(([tag, value]) => !this.alone(tag) || this.on.get(tag).has(value));
      const left = this.chart.series.filter(possible);
      for (const row of this.rows) for (const button of row.buttons) {
        button.setAttribute("aria-pressed", this.on.get(row.tag).has(button.value));
        button.hidden = !this.alone(row.tag) && !left.some(series => series.tags[row.tag] === button.value);
      }
    }

    shows(series) { return Object.entries(series.tags).every(([tag, value]) => this.on.get(tag).has(value)); }
  }

  // One chart.
  class Figure {
    constructor(figure, chart) {
      this.chart = chart;
      this.figure = figure;
      this.switches = new Switches(chart, () => this.switched());
      this.tools = create("div", "tools");
      this.reset = create("button", "reset", "see all");
      this.reset.type = "button";
      this.reset.hidden = true;
      this.reset.addEventListener("click", () => this.whole());
      this.tools.append(...this.switches.rows, this.reset);
      this.canvas = create("div", "canvas");
      this.tip = create("div", "tip");
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

    // One column of all positions, and one for each series with null where it has no point.
    table() {
      const places = [...new Set(this.chart.series.flatMap(series => series.x))].sort((a, b) => a - b);
      const row = new Map(places.map((x, place) => [x, place]));
      return [places, ...this.chart.series.map(series => {
        const column = new Array(places.length).fill(null);
        series.x.forEach((x, place) => { column[row.get(x)] = series.y[place]; });
        return column;
      })];
    }

    options() {
      const axis = { stroke: () => colour("var(--soft)"), grid: { stroke: () => colour("var(--line)"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif", labelFont: "13px system-ui, sans-serif", values: labels };
      const series = this.chart.series.map(series => ({
        show: this.switches.shows(series), label: series.name, width: 1.5, spanGaps: true, points: { show: false },
        stroke: () => colour(series.colour), dash: DASHES[series.line] || [], paths: series.line ? undefined : () => null,
      }));
      return {
        ...this.size(), legend: { show: false }, series: [{}, ...series],
        scales: { x: { time: false, range: (_, low, high) => this.sides(low, high) }, y: { range: (_, low, high) => this.range(low, high) } },
        axes: [
          { ...axis, label: this.chart.x, labelSize: 22, size: 30, ...(this.chart.doublings ? { values: powers, incrs: [1, 2, 4, 8, 16] } : {}) },
          { ...axis, label: () => this.label(), labelSize: 20, size: (_, values) => 14 + 7 * Math.max(3, ...(values || []).map(text => text.length)) },
        ],
        cursor: { y: false, points: { show: false }, drag: { x: true, y: true, uni: 40, dist: 8 } },
        hooks: { draw: [() => this.draw()], setCursor: [() => this.read()], setScale: [(_, key) => key === "x" && this.scaled()] },
      };
    }

    label() { return (this.shown()[0] || {}).unit || this.chart.y; }
    shown() { return this.chart.series.filter(series => this.switches.shows(series)); }

    switched() {
      this.plot.batch(() => this.chart.series.forEach((series, place) => {
        const show = this.switches.shows(series);
        if (this.plot.series[place + 1].show !== show) this.plot.setSeries(place + 1, { show });
      }));
      this.dodge();
      this.plot.redraw(false, true);
      this.tip.hidden = true;
    }

    // Shift points of several series at the same position apart.
    dodge() {
      const shown = this.shown();
      this.shift = new Map(shown.map((series, place) => [series, this.chart.dodge ? APART * (place - (shown.length - 1) / 2) : 0]));
      this.plot.redraw(false);
    }

    // The whole range with a margin, or the zoomed range.
    sides(low, high) {
      const places = this.chart.series.flatMap(series => series.x);
      return low <= Math.min(...places) && high >= Math.max(...places) ? padded(low, high, 0.03) : [low, high];
    }

    range(low, high) {
      if (low === null) return [0, 1];
      const ends = this.chart.zero ? [low, high, 0] : [low, high];
      for (const series of this.shown()) series.y.forEach((y, place) => {
        const error = series.error[place] || 0;
        if (y !== null && y >= low && y <= high) ends.push(y - error, y + error);
      });
      const top = Math.max(...ends), bottom = Math.min(...ends);
      const floor = top > 0 && this.shown().some(series => series.floor);  // M >= 0, but early bounds can be far below
      return padded(floor ? Math.max(bottom, -0.25 * top) : bottom, top, 0.06);
    }

    at(series, place) {
      const x = this.plot.valToPos(series.x[place], "x") + (this.shift.get(series) || 0);
      return [x, this.plot.valToPos(series.y[place], "y")];
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
      for (const series of this.shown()) series.band ? this.band(ctx, series) : this.marks(ctx, series);
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

    band(ctx, series) {
      const high = this.plot.valToPos(series.y[0] + series.error[0], "y"), low = this.plot.valToPos(series.y[0] - series.error[0], "y");
      ctx.globalAlpha = 0.2;
      ctx.fillStyle = colour(series.colour);
      ctx.fillRect(0, high, this.plot.over.clientWidth, low - high);
      ctx.globalAlpha = 1;
    }

    marks(ctx, series) {
      ctx.strokeStyle = colour(series.colour);
      ctx.lineWidth = 1.4;
      series.x.forEach((_, place) => {
        if (series.y[place] === null) return;
        const [x, y] = this.at(series, place), error = series.error[place];
        if (error > 0) {
          const high = this.plot.valToPos(series.y[place] + error, "y"), low = this.plot.valToPos(series.y[place] - error, "y");
          ctx.beginPath();
          ctx.moveTo(x, high);
          ctx.lineTo(x, low);
          for (const end of [high, low]) { ctx.moveTo(x - 3, end); ctx.lineTo(x + 3, end); }
          ctx.stroke();
        }
        if (!series.mark) return;
        const size = series.hollow ? WIDER : 1; // points inside a ring stay visible
        ctx.save();
        ctx.translate(x, y);
        ctx.scale(size, size);
        ctx.lineWidth /= size;
        ctx.fillStyle = colour(series.guessed.includes(place) ? "var(--paper)" : series.colour);
        ctx.beginPath();
        MARKS[series.mark](ctx, 0, 0);
        ctx.closePath();
        if (!series.hollow) ctx.fill();
        ctx.stroke();
        ctx.restore();
      });
    }

    // Show the point closest to the pointer.
    read() {
      const { left, top } = this.plot.cursor;
      let best = NEAR, nearest = null;
      if (left >= 0 && this.shift) for (const series of this.shown()) series.x.forEach((_, place) => {
        if (series.y[place] === null) return;
        const [x, y] = this.at(series, place), away = Math.hypot(x - left, y - top);
        if (away < best) [best, nearest] = [away, { series, place, x, y }];
      });
      this.tip.hidden = !nearest;
      if (!nearest) return;
      const { series, place, x, y } = nearest;
      this.tip.replaceChildren(create("div", "", series.name), create("b", "", measured(series.y[place], series.error[place])), create("div", "soft", `${this.chart.along} ${plain(this.chart.doublings ? 2 ** series.x[place] : series.x[place])}`));
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

    // Pinch: the points under the two fingers stay under them.
    pinch() {
      const over = this.plot.over;
      let start = null;
      const fingers = event => {
        const box = over.getBoundingClientRect(), [a, b] = event.touches;
        const span = (u, v) => Math.max(Math.abs(u - v), 30);
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

  // Labels of an axis with the decimals that its steps need.
  const labels = (_, splits, place, space, step) => {
    let digits = 0;
    while (digits < 7 && Math.abs(Math.round(step * 10 ** digits) - step * 10 ** digits) > 1e-6) digits++;
    return splits.map(value => value === null ? "" : minus((Math.abs(value) < step / 1e3 ? 0 : value).toFixed(digits)));
  };

  // Labels of an axis of binary logarithms.
  const powers = (_, splits) => splits.map(value => Number.isInteger(value) ? plain(2 ** value) : "");

  // The training curves of one state point as a chart.
  const trained = trainings => ({
    x: "training step", y: "bound", along: "step", one_of: ["of"], off: [], zero: false,
    series: trainings.flatMap(training => {
      const base = { tags: { of: training.of, shown: "held out" }, error: [], guessed: [], line: "solid", mark: "", unit: training.unit, floor: training.floor };
      const last = Math.max(...training.folds.flatMap(fold => fold.steps));
      const held = { ...base, name: "held out", x: [0, last], y: [training.value, training.value], error: [training.error, training.error], colour: "var(--grey)", line: "dashed", band: true };
      return [held, ...training.folds.map((fold, place) => {
        const name = `fold ${place + 1}`;
        const mark = fold.steps.length < 40 ? "disk" : "";
        return { ...base, name, x: fold.steps, y: fold.bound, tags: { ...base.tags, shown: name }, colour: `var(--${FOLDS[place % FOLDS.length]})`, mark };
      })];
    }),
  });

  const figures = [...document.querySelectorAll("[data-chart]")].map(figure => new Figure(figure, data.charts[figure.dataset.chart]));
  for (const button of document.querySelectorAll(".unfold")) button.addEventListener("click", () => {
    const detail = document.getElementById(button.getAttribute("aria-controls"));
    detail.hidden = !detail.hidden;
    button.setAttribute("aria-expanded", !detail.hidden);
    const figure = detail.querySelector("[data-training]:not([data-made])");
    if (figure) {
      figure.dataset.made = "yes";
      figures.push(new Figure(figure, trained(data.trainings[figure.dataset.training])));
    }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    resolved = new Map();
    figures.forEach(figure => figure.plot.redraw(false, true));
  });
})();
