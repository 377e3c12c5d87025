// Lab 10's valley: three rules of descent on a quadratic loss that one can turn, squeeze and enter anywhere.
// In a console, with `const v = explorers.figures.valley`, `v.walk("Adam", v.hessian([1, 25], 45), [-4, 1], {lr: 0.1}, 400)` runs one.
"use strict";

{
  const { show, fixed, plain, counted, svg, px, text, line, scale, axes } = explorers;
  const data = explorers.data.valley;

  /** The lab's rules: the next parameters, from those now, the gradient, a memory and the number of the step. */
  const RULES = {
    "gradient descent": (w, g, memory, t, { lr }) => w.map((x, j) => x - lr * g[j]),
    momentum(w, g, memory, t, { lr, mu }) {
      const { u = [0, 0] } = memory;
      memory.u = g.map((slope, j) => mu * u[j] + slope);
      return w.map((x, j) => x - lr * memory.u[j]);
    },
    Adam(w, g, memory, t, { lr, beta1 = 0.9, beta2 = 0.999, eps = 1e-8 }) {
      const { m = [0, 0], v = [0, 0] } = memory;
      memory.m = g.map((slope, j) => beta1 * m[j] + (1 - beta1) * slope);
      memory.v = g.map((slope, j) => beta2 * v[j] + (1 - beta2) * slope ** 2);
      const first = 1 - beta1 ** t, second = 1 - beta2 ** t;
      return w.map((x, j) => x - (lr * (memory.m[j] / first)) / (Math.sqrt(memory.v[j] / second) + eps));
    },
  };
  const NAMES = Object.keys(RULES), SHORT = { "gradient descent": "gd", momentum: "heavy", Adam: "adam" };

  /** From the valley's own axes to w1 and w2, and back (`way` −1): a turn by an angle in degrees. */
  function turn([u, v], angle, way = 1) {
    const c = Math.cos((angle * Math.PI) / 180), s = way * Math.sin((angle * Math.PI) / 180);
    return [c * u - s * v, s * u + c * v];
  }
  /** The second derivatives (a b; b d) of the turned valley. */
  function hessian([h1, h2], angle) {
    const [c, s] = turn([1, 0], angle);
    return { a: c * c * h1 + s * s * h2, b: c * s * (h1 - h2), d: s * s * h1 + c * c * h2 };
  }
  const gradient = ({ a, b, d }, [w1, w2]) => [a * w1 + b * w2, b * w1 + d * w2];
  const lossAt = ({ a, b, d }, [w1, w2]) => (a * w1 * w1 + 2 * b * w1 * w2 + d * w2 * w2) / 2;

  /** The path of a rule, up to a point whose loss is no finite number, which is left out. */
  function walk(rule, H, start, settings, steps) {
    const path = [start], memory = {};
    for (let t = 1; t <= steps; t++) {
      const w = RULES[rule](path[t - 1], gradient(H, path[t - 1]), memory, t, settings);
      if (!Number.isFinite(lossAt(H, w))) break;
      path.push(w);
    }
    return path;
  }
  /** The step from which on the loss stays within the tolerance; null where it doesn't by the last. */
  function stepsNeeded(path, H) {
    const most = data.tolerance * lossAt(H, path[0]), above = path.findLastIndex((w) => lossAt(H, w) > most);
    return path.length <= data.steps || above === data.steps ? null : above + 1;
  }
  /** Theory: the fastest rate of gradient descent, the best pair of momentum. */
  function fastest([h1, h2]) {
    const low = Math.sqrt(h1), high = Math.sqrt(h2);
    return { "gradient descent": 2 / (h1 + h2), momentum: 4 / (low + high) ** 2, mu: ((high - low) / (low + high)) ** 2 };
  }
  /** The rate that is no longer stable; Adam has none. */
  const limits = ([, h2], mu) => ({ "gradient descent": 2 / h2, momentum: (2 * (1 + mu)) / h2, Adam: Infinity });

  /** The paths of some rules, from a start that is given in the valley's own axes and turned with it. */
  function measure({ curvatures, angle, at, rates, mu, rules = NAMES }) {
    const H = hessian(curvatures, angle), start = turn(at, angle), bounds = limits(curvatures, mu), runs = {};
    for (const rule of rules) {
      const path = walk(rule, H, start, { lr: rates[rule], mu }, data.steps);
      runs[rule] = { path, needed: stepsNeeded(path, H), limit: bounds[rule], diverges: rates[rule] >= bounds[rule] };
    }
    return { curvatures, angle, at, rates, mu, rules, H, start, runs };
  }
  /** The steps needed at many angles, for the second picture: the start turns with the valley. */
  const ANGLES = Array.from({ length: 31 }, (_, i) => 3 * i);
  const needs = (settings) => ANGLES.map((angle) => {
    const { runs } = measure({ ...settings, angle });
    return Object.fromEntries(settings.rules.map((rule) => [rule, runs[rule].needed]));
  });

  const inWords = (n) => (n === null ? `more than ${data.steps}` : n.toLocaleString("en"));
  const capital = (words) => words[0].toUpperCase() + words.slice(1);
  /** Each rule along the axes and in the turned valley, those first to which it makes a difference. */
  function tell(m, curve) {
    const along = curve[0], angle = m.angle || 45;
    const there = m.angle ? Object.fromEntries(m.rules.map((rule) => [rule, m.runs[rule].needed])) : curve[ANGLES.indexOf(45)];
    const sane = m.rules.filter((rule) => !m.runs[rule].diverges).reverse();
    const changed = sane.filter((rule) => along[rule] !== there[rule]), same = sane.filter((rule) => along[rule] === there[rule]);
    const said = changed.map((rule) => `Along the axes ${rule} takes ${inWords(along[rule])} steps; turned by ${angle}°, ${inWords(there[rule])}.`);
    const each = same.map((rule, i) => `${rule} ${i ? "" : "takes "}${inWords(along[rule])}${i ? "" : ` ${changed.length ? "" : "steps "}either way`}`);
    if (each.length) said.push(`${capital(each.join(", "))}.`);
    for (const rule of m.rules.filter((r) => m.runs[r].diverges)) {
      said.push(`${capital(rule)} diverges: its rate ${plain(m.rates[rule])} is not below its limit, ${plain(m.runs[rule].limit)}.`);
    }
    return said.join(" ") || "No rule is switched on.";
  }

  // ------------------------------------------------------------------ pictures

  const BOX = { left: 52, right: 354, top: 8, bottom: 258 };   // of a picture of 360 by 300
  const LOW = -4.9, HIGH = 2.9, UNIT = (BOX.bottom - BOX.top) / (HIGH - LOW);
  const X = scale([-5.4, -5.4 + (BOX.right - BOX.left) / UNIT], [BOX.left, BOX.right]), Y = scale([LOW, HIGH], [BOX.bottom, BOX.top]);
  const inside = ([u, v]) => u >= X.low && u <= X.high && v >= LOW && v <= HIGH;
  const group = (rule, ...children) => svg("g", { class: `rule ${SHORT[rule]}` }, ...children);

  /** Move labels apart, each [rule, x, y, anchor, words], where they would overlap. */
  function apart(labels, gap = 15) {
    labels.sort((one, other) => one[2] - other[2]);
    labels.forEach((label, i) => {
      for (const above of labels.slice(0, i)) {
        if (Math.abs(label[1] - above[1]) < 120 && label[2] - above[2] < gap) label[2] = above[2] + gap;
      }
    });
    return labels.map(([rule, x, y, anchor, words]) => group(rule, text(x, y, anchor, words, "label")));
  }

  /** The paths up to a step over lines of equal loss; who has arrived, or left, is named in the corner. */
  function drawPaths(m, steps, clip) {
    const window = svg("g", { "clip-path": `url(#${clip})` }), labels = [], corner = [];
    const [h1, h2] = m.curvatures, first = lossAt(m.H, m.start);
    for (let level = 1; level >= -5; level--) {
      const twice = 2 * first * 4 ** level;
      window.append(svg("ellipse", {
        class: "contour", cx: px(X(0)), cy: px(Y(0)), transform: `rotate(${-m.angle} ${px(X(0))} ${px(Y(0))})`,
        rx: px(Math.sqrt(twice / h1) * UNIT), ry: px(Math.sqrt(twice / h2) * UNIT),
      }));
    }
    for (const rule of m.rules) {
      const { path, needed } = m.runs[rule], walked = path.slice(0, steps + 1);
      // What lies far outside is not drawn: a browser draws nothing at all at 10³⁰⁰.
      const far = walked.findIndex(([u, v]) => Math.hypot(u, v) > 100), out = walked.findIndex((w) => !inside(w));
      const points = (far < 0 ? walked : walked.slice(0, far)).map(([u, v]) => [X(u), Y(v)]), end = points.at(-1);
      const dots = svg("path", { class: "dots", d: points.map(([x, y]) => `M${px(x)} ${px(y)}h0`).join("") });
      window.append(group(rule, line(points), dots, svg("circle", { class: "end", cx: px(end[0]), cy: px(end[1]), r: 4 })));
      if (needed !== null && needed <= steps) corner.push([needed, rule, `${rule}: ${counted(needed, "step")}`]);
      else if (out >= 0) corner.push([1000 + out, rule, `${rule} leaves at step ${out}`]);
      else {
        const flip = end[0] > BOX.right - 130;
        labels.push([rule, end[0] + (flip ? -9 : 9), end[1] + 16, flip ? "end" : "start", rule]);
      }
    }
    corner.sort(([one], [other]) => one - other);
    corner.forEach(([, rule, words], i) => labels.push([rule, BOX.right - 4, BOX.top + 13 + 16 * i, "end", words]));
    window.append(svg("path", { class: "goal", d: `M${px(X(0) - 6)} ${px(Y(0) - 6)}l12 12m0 -12l-12 12` }));
    const frame = { x: BOX.left, y: BOX.top, width: BOX.right - BOX.left, height: BOX.bottom - BOX.top };
    return [svg("clipPath", { id: clip }, svg("rect", frame)), window, axes(X, Y, ["w₁", "w₂"]), ...apart(labels)];
  }

  /** The steps that each rule needs against the angle, on a logarithmic axis, and the angle as it is. */
  function drawNeeds(m, curve) {
    const counts = m.rules.flatMap((rule) => curve.map((at) => at[rule] ?? data.steps));
    const x = scale([0, 90], [BOX.left + 6, BOX.right - 8]), y = scale([Math.min(9, 0.5 * Math.min(...counts)), 1.25 * data.steps], [BOX.bottom, BOX.top], { log: true });
    x.marks = [0, 15, 30, 45, 60, 75, 90].map((angle) => [x(angle), `${angle}°`]);
    const height = (n) => y(n ?? data.steps), labels = [], lines = [];
    for (const rule of m.rules) {
      const { needed: now, diverges } = m.runs[rule], said = diverges ? "never" : now ?? `> ${data.steps}`;
      lines.push(group(rule, line(ANGLES.map((angle, i) => [x(angle), height(curve[i][rule])])),
        svg("circle", { class: "end", cx: px(x(m.angle)), cy: px(height(now)), r: 4.5 })));
      const words = `${rule} ${said}`, room = 7.95 * words.length;   // about what it takes; it stays inside the picture
      const [beside, anchor] = m.angle > 45 ? [Math.max(x(m.angle) - 7, BOX.left + 3 + room), "end"] : [Math.min(x(m.angle) + 7, 357 - room), "start"];
      labels.push([rule, beside, height(now) - 8, anchor, words]);
    }
    const across = { ...x, from: BOX.left, to: BOX.right };
    return [svg("path", { class: "level", d: `M${px(x(m.angle))} ${BOX.top}V${BOX.bottom}` }),
      ...lines, axes(across, y, ["angle of the valley", "steps needed"]), ...apart(labels)];
  }

  function describe(m, steps) {
    const ways = m.rules.map((rule) => {
      const { path, needed } = m.runs[rule], w = path[Math.min(steps, path.length - 1)];
      return needed !== null && needed <= steps ? `${rule} has arrived` : inside(w) ? `${rule} is at ${show(w[0], 3)}, ${show(w[1], 3)}` : `${rule} is outside`;
    });
    return `A valley ${show(Math.sqrt(m.curvatures[1] / m.curvatures[0]), 3)} times as long as it is wide, turned by ${m.angle} degrees. After ${counted(steps, "step")}: ${ways.join("; ")}.`;
  }

  explorers.add("valley", (ui) => {
    let at = data.start, m, kept = {};
    ui.label("Three rules in a valley that turns");
    const valley = ui.picture({ interactive: true, caption: "Drag the start. From ellipse to ellipse the loss falls to a quarter." });
    const steps = ui.picture({ caption: `Steps until the loss stays below ${data.tolerance} of what it was, at every angle.` });
    const angle = ui.slider("angle", { label: "Angle", min: 0, max: 90, value: 45, say: (a) => `${a}°`, spell: (a) => `${a} degrees` });
    const kappa = ui.slider("kappa", {
      label: "Curvatures", min: 0, max: 2, step: 0.02, value: 2 * Math.round(50 * Math.log10(data.curvatures[1])) / 100,
      at: (position) => Number((10 ** position).toPrecision(2)), say: (ratio) => `1 : ${plain(ratio)}`, spell: (ratio) => `1 to ${plain(ratio)}`,
    });
    const walked = ui.slider("steps", { label: "Steps", min: 0, max: 150, value: 60, spell: (n) => counted(n, "step") });
    ui.play(walked, { seconds: 7 });
    const mu = ui.slider("mu", { label: "Momentum μ", min: 0, max: 0.99, step: 0.01, value: 0, at: (position) => best("mu") ?? position, say: (share) => fixed(share, 2) });
    const curvatures = () => [data.curvatures[0], kappa.value * data.curvatures[0]];
    const best = (key) => (auto.value ? fastest(curvatures())[key] : undefined), on = {}, rates = {};
    for (const rule of NAMES) {
      on[rule] = ui.toggle(`on-${SHORT[rule]}`, { label: capital(rule), value: true });
      rates[rule] = ui.slider(SHORT[rule], {
        label: `Learning rate of ${rule}`, min: -3, max: 1, step: 0.01, value: Math.log10(data.adam),
        at: (position) => best(rule) ?? Number((10 ** position).toPrecision(3)),
        say: (rate) => `lr ${plain(rate)}`, spell: plain,
      });
      rates[rule].box.classList.add("explorer-rule", SHORT[rule]);
      rates[rule].box.querySelector("label").className = "explorer-spoken visually-hidden";
      rates[rule].box.prepend(on[rule].box);
    }
    const auto = ui.toggle("auto", { label: "Fastest rates by theory", value: true });
    ui.button("Start again", () => { at = data.start; ui.restart(); });
    // Whoever sets a rate leaves the fastest; said before the frame draws.
    ui.live.addEventListener("input", ({ target }) => { if (["gd", "heavy", "mu"].includes(target.name)) auto.value = false; }, { capture: true });
    const start = ui.handle(valley, { label: "Start", x: () => X, y: () => Y, get: () => m.start, set: (w) => { at = turn(w, angle.value, -1); } });

    ui.draw(() => {
      if (auto.value) {
        for (const rule of ["gradient descent", "momentum"]) rates[rule].value = Math.log10(rates[rule].value);
        mu.value = mu.value;
      }
      const settings = {
        curvatures: curvatures(), at, mu: mu.value, rules: NAMES.filter((rule) => on[rule].value),
        rates: Object.fromEntries(NAMES.map((rule) => [rule, rates[rule].value])),
      };
      m = measure({ ...settings, angle: angle.value });
      const key = JSON.stringify(settings);   // turning changes no curve
      if (kept.key !== key) kept = { key, curve: needs(settings) };
      valley.draw(...drawPaths(m, walked.value, `${ui.prefix}-clip`), start());
      valley.describe(describe(m, walked.value));
      steps.draw(...drawNeeds(m, kept.curve));
      steps.describe(`A curve for each rule. ${tell(m, kept.curve)}`);
      ui.say(tell(m, kept.curve));
      ui.numbers({ angle: m.angle, kappa: kappa.value, steps: walked.value, mu: m.mu, at1: at[0], at2: at[1] });
      for (const rule of NAMES) ui.numbers({ [`${SHORT[rule]}Lr`]: m.rates[rule], [`${SHORT[rule]}Steps`]: m.runs[rule]?.needed });
    });
  }, { data, walk, hessian, turn, lossAt, stepsNeeded, fastest, limits, measure, needs, tell, inside, ANGLES });
}
