// Gradient descent by hand: lab 1's loop in the browser, on two features, so that it can be drawn.
// In a browser's console, with `const d = explorers.figures.descent`, `d.descend(d.data.X, d.data.y, 0.01, 200)` runs it.
"use strict";

{
  const { show, plain, counted, html, svg, px, text, line, ticks, scale, axes } = explorers;
  const data = explorers.data.descent;

  /** The second feature in other units. */
  const rescale = (X, scale) => X.map(([x1, x2]) => [x1, scale * x2]);

  /** Gradient descent on the mean squared error from w = 0, up to a loss that is no finite number, which is left out. */
  function descend(X, y, lr, steps) {
    const n = X.length, losses = [], path = [];
    let w = [0, 0];
    for (let step = 0; step <= steps; step++) {
      const residual = X.map((x, i) => y[i] - x[0] * w[0] - x[1] * w[1]);   // forward pass
      const loss = residual.reduce((sum, r) => sum + r * r, 0) / n;         // loss
      if (!Number.isFinite(loss)) break;
      losses.push(loss);
      path.push(w);
      const gradient = [0, 1].map((j) =>                                    // backward pass
        (-2 / n) * X.reduce((sum, x, i) => sum + x[j] * residual[i], 0));
      w = [w[0] - lr * gradient[0], w[1] - lr * gradient[1]];               // gradient step
    }
    return { losses, path };
  }

  /** The matrix X'X / n. */
  function gram(X) {
    const mean = (f) => X.reduce((sum, x) => sum + f(x), 0) / X.length;
    return { a: mean((x) => x[0] * x[0]), b: mean((x) => x[0] * x[1]), d: mean((x) => x[1] * x[1]) };
  }

  /** The eigenvalues of the symmetric matrix (a b; b d), and an eigenvector of length 1 for each. */
  function eigen({ a, b, d }) {
    const largest = (a + d) / 2 + Math.hypot((a - d) / 2, b);
    const angle = Math.atan2(2 * b, a - d) / 2;   // of the direction in which the loss is steepest
    const steepest = [Math.cos(angle), Math.sin(angle)];
    const smallest = (a * d - b * b) / largest;   // the product of the two is the determinant
    return { smallest, largest, flattest: [-steepest[1], steepest[0]], steepest };
  }

  /** The learning rate below which gradient descent is stable: 1 / λmax. */
  const largestStableRate = (X) => 1 / eigen(gram(X)).largest;

  /** Least squares without an intercept: estimates, standard errors and mean squared residual. */
  function leastSquares(X, y) {
    const n = X.length, { a, b, d } = gram(X), determinant = a * d - b * b;
    const [u, v] = [0, 1].map((j) => X.reduce((sum, x, i) => sum + x[j] * y[i], 0) / n);
    const beta = [(d * u - b * v) / determinant, (a * v - b * u) / determinant];
    const loss = X.reduce((sum, x, i) => sum + (y[i] - x[0] * beta[0] - x[1] * beta[1]) ** 2, 0) / n;
    const variance = loss / (n - 2);              // s² / n
    return { beta, loss, se: [d, a].map((c) => Math.sqrt((variance * c) / determinant)) };
  }

  /** The steps to within 0.01 standard errors by the eigenvalues alone, as in lab 1; null if a million don't do. */
  function stepsNeeded(X, y, lr) {
    const { beta, se } = leastSquares(X, y), { smallest, largest, flattest, steepest } = eigen(gram(X));
    if (lr * largest >= 1) return null;
    const along = (v) => -(v[0] * beta[0] + v[1] * beta[1]);   // the error at w = 0
    let flat = along(flattest), steep = along(steepest);
    for (let step = 0; step <= 1e6; step++) {
      const near = (j) => Math.abs(flat * flattest[j] + steep * steepest[j]) <= 0.01 * se[j];
      if (near(0) && near(1)) return step;
      flat *= 1 - 2 * lr * smallest;
      steep *= 1 - 2 * lr * largest;
    }
    return null;
  }

  /** All that the page shows of one run. */
  function measure({ lr, steps, scale }) {
    const X = rescale(data.X, scale), y = data.y;
    const ols = leastSquares(X, y), { losses, path } = descend(X, y, lr, steps);
    const { smallest, largest, flattest } = eigen(gram(X));
    const taken = losses.length - 1, w = path[taken];
    const error = [w[0] - ols.beta[0], w[1] - ols.beta[1]];
    const outside = path.findIndex((at) => !inPicture(at, ols.beta));
    return {
      lr, steps, scale, ols, losses, path, smallest, largest, flattest, taken, w,
      loss: losses[taken],
      distance: Math.hypot(...error),
      gap: Math.max(...error.map((e, j) => Math.abs(e) / ols.se[j])),   // in standard errors
      limit: largestStableRate(X),
      factor: 1 - 2 * lr * largest,               // of the error, in the steepest direction
      diverges: lr * largest >= 1,
      needed: stepsNeeded(X, y, lr),
      leaves: outside < 0 ? null : outside,
    };
  }

  /** The run in a few sentences, for the page and for a screen reader. */
  function tell(m) {
    const limit = show(m.limit);
    if (m.diverges) {
      return [
        `The run diverges: the learning rate ${plain(m.lr)} is not below the largest stable one, ${limit}.`,
        `Each step multiplies the error in the steepest direction by ${show(m.factor)}, and its part of the loss by ${show(m.factor ** 2)}.`,
        m.taken < m.steps
          ? `After ${counted(m.taken, "step")} the loss is ${show(m.loss)}; one more, and it is too large for the computer, so the run ends.`
          : `After ${counted(m.taken, "step")} the loss is ${show(m.loss)}, where least squares has ${show(m.ols.loss)}.`,
        m.leaves === null ? "" : `The path leaves the picture at step ${m.leaves}.`,
      ].filter(Boolean).join(" ");
    }
    return [
      `After ${counted(m.steps, "step")} the loss is ${show(m.loss)}, where least squares has ${show(m.ols.loss)}.`,
      m.gap <= 0.01
        ? "Every coefficient is within 0.01 standard errors of least squares."
        : `The distance from least squares is ${show(m.distance, 3)}; the coefficient furthest off is ${show(m.gap, 3)} standard errors away.`,
      m.needed === null
        ? "Within 0.01 standard errors it comes only after more than a million steps."
        : `Theory asks for ${counted(m.needed, "step")} to come within 0.01 standard errors.`,
      `The largest stable learning rate here is ${limit}.`,
      m.factor < 0 ? "Above half of it, as here, each step crosses the floor of the valley: the path zigzags." : "",
    ].filter(Boolean).join(" ");
  }

  const BOX = { left: 58, right: 350, top: 10, bottom: 258 };   // of a picture of 360 by 300

  /** The window of the path: least squares in the middle, the start inside, one scale for both axes. */
  function view(beta) {
    const high = 1.3 * Math.hypot(...beta), wide = (high * (BOX.right - BOX.left)) / (BOX.bottom - BOX.top);
    return {
      x: scale([beta[0] - wide, beta[0] + wide], [BOX.left, BOX.right]),
      y: scale([beta[1] - high, beta[1] + high], [BOX.bottom, BOX.top]),
      perUnit: (BOX.bottom - BOX.top) / 2 / high,
    };
  }
  function inPicture(w, beta) {
    const { x, y } = view(beta), [across, up] = [x(w[0]), y(w[1])];
    return across >= BOX.left && across <= BOX.right && up >= BOX.top && up <= BOX.bottom;
  }

  /** The path over lines of equal loss, which for this loss are ellipses. */
  function drawPath(m, clip) {
    const { x, y, perUnit } = view(m.ols.beta), [b1, b2] = m.ols.beta;
    const inside = svg("g", { "clip-path": `url(#${clip})` });
    const turn = (-Math.atan2(m.flattest[1], m.flattest[0]) * 180) / Math.PI;
    for (let level = 1; level >= -4; level--) {
      const excess = (m.losses[0] - m.ols.loss) * 4 ** level;
      inside.append(svg("ellipse", {
        class: "contour", cx: px(x(b1)), cy: px(y(b2)), transform: `rotate(${px(turn)} ${px(x(b1))} ${px(y(b2))})`,
        rx: px(Math.sqrt(excess / m.smallest) * perUnit), ry: px(Math.sqrt(excess / m.largest) * perUnit),
      }));
    }
    // What lies far outside is not drawn: a browser draws nothing at all at 10³⁰⁰.
    const far = m.path.findIndex((w) => Math.hypot(w[0] - b1, w[1] - b2) * perUnit > 5000);
    const drawn = (far < 0 ? m.path : m.path.slice(0, far)).map((w) => [x(w[0]), y(w[1])]);
    inside.append(line(drawn), dots(drawn));
    inside.append(svg("circle", { class: "start", cx: px(x(0)), cy: px(y(0)), r: 5 }));
    inside.append(svg("path", { class: "goal", d: `M${px(x(b1) - 6)} ${px(y(b2) - 6)}l12 12m0 -12l-12 12` }));
    if (far < 0) inside.append(svg("circle", { class: "end", cx: px(x(m.w[0])), cy: px(y(m.w[1])), r: 3.6 }));
    const note = m.leaves === null ? [] : [text(BOX.right - 4, BOX.top + 14, "end", `leaves at step ${m.leaves}`, "note")];
    const window = { x: BOX.left, y: BOX.top, width: BOX.right - BOX.left, height: BOX.bottom - BOX.top };
    const frame = axes(x, y, ["coefficient of feature 1", "coefficient of feature 2"]);
    return [svg("clipPath", { id: clip }, svg("rect", window)), inside, frame, ...note];
  }
  const dots = (points) => svg("path", { class: "dots", d: points.map(([u, v]) => `M${px(u)} ${px(v)}h0`).join("") });

  function describePath(m) {
    const at = (w) => `(${show(w[0], 3)}, ${show(w[1], 3)})`;
    const way = m.leaves !== null
      ? `leaves the picture at step ${m.leaves}`
      : `leads to ${at(m.w)}${m.factor < 0 ? ", from side to side," : ""} in ${counted(m.taken, "step")}`;
    return `Lines of equal loss are ellipses, ${show(Math.sqrt(m.largest / m.smallest), 3)} times as long as they are wide, `
      + `around least squares at ${at(m.ols.beta)}. The path from (0, 0) ${way}.`;
  }

  /** The loss at each step on a logarithmic axis, and that of least squares as a level with room for its name below. */
  function drawLoss(m) {
    const level = BOX.bottom - 22, high = Math.max(...m.losses);
    const perPixel = Math.log10(high / m.ols.loss) / (level - BOX.top - 8);
    const lowest = m.ols.loss / 10 ** (22 * perPixel), highest = high * 10 ** (8 * perPixel);
    const x = scale([0, Math.max(m.taken, 1)], [BOX.left + 6, BOX.right - 6]);
    const y = scale([lowest, Math.min(highest, 1e308)], [BOX.bottom, BOX.top], { log: true });
    const points = m.losses.map((loss, step) => [x(step), y(loss)]);
    const across = { ...x, from: BOX.left, to: BOX.right, marks: ticks(0, m.taken).filter(Number.isInteger).map((t) => [x(t), plain(t)]) };
    return [
      svg("path", { class: "level", d: `M${BOX.left} ${px(level)}H${BOX.right}` }),
      text(BOX.right - 4, level + 15, "end", `least squares ${show(m.ols.loss)}`, "name"),
      line(points), m.taken <= 60 ? dots(points) : "",
      axes(across, y, ["steps", "loss (logarithmic)"]),
    ];
  }

  function describeLoss(m) {
    const way = m.diverges ? "The loss at each step; it goes" : "A falling curve of the loss: it goes";
    return `${way} from ${show(m.losses[0])} at the start to ${show(m.loss)} after ${counted(m.taken, "step")}, `
      + `on a logarithmic axis. A dashed level marks the loss of least squares, ${show(m.ols.loss)}.`;
  }

  const STEPS = [];   // every number up to 30, then wider apart
  for (let t = 1; t <= 5000; t += t < 30 ? 1 : t < 100 ? 5 : t < 500 ? 20 : t < 1000 ? 50 : 250) STEPS.push(t);

  const ROWS = [
    ["Loss after the last step", "loss"], ["Loss of least squares", "olsLoss"],
    ["Coefficient of feature 1", "w1"], ["Coefficient of feature 2", "w2"],
    ["Distance from least squares", "distance"], ["The same in standard errors, the larger of two", "gap"],
    ["Eigenvalues of X′X/n: λmin", "smallest"], ["λmax", "largest"],
    ["Largest stable learning rate, 1/λmax", "limit"], ["Factor of the error a step, steepest direction", "factor"],
  ];

  explorers.add("descent", (ui) => {
    let m;
    ui.label("Explorer of gradient descent");
    const path = ui.picture({ caption: "From the circle to the last step, the dot; the cross is least squares. From line to line the excess loss is four times as large." });
    const loss = ui.picture({ caption: "The loss before each step and after the last." });
    const lr = ui.slider("lr", {
      label: "Learning rate", min: -5, max: 0.5, step: 0.01, value: -0.22,   // 0.603: it crosses the valley at each step
      at: (position) => Number((10 ** position).toPrecision(3)),
      spell: (rate) => `${plain(rate)}, ${m.diverges ? "not below" : "below"} the largest stable rate, ${show(m.limit)}`,
    });
    const steps = ui.slider("steps", {
      label: "Steps", min: 0, max: STEPS.length - 1, value: STEPS.indexOf(20),
      at: (position) => STEPS[position], say: (n) => n.toLocaleString("en"), spell: (n) => counted(n, "step"),
    });
    const units = ui.slider("scale", {
      label: "Scale of feature 2", min: -1, max: 2, step: 0.05, value: 0,
      at: (position) => Number((10 ** position).toPrecision(2)),
      say: (by) => `× ${plain(by)}`, spell: (by) => `feature 2 times ${plain(by)}`,
    });
    ui.play(steps, { seconds: 6 });
    ui.button("Start again", ui.restart);
    const mark = html("span", { class: "explorer-mark", "aria-hidden": "true" });
    lr.box.append(html("span", { class: "explorer-rail" }, mark));

    const table = ui.table("The run in numbers", ROWS);

    ui.draw(() => {
      m = measure({ lr: lr.value, steps: steps.value, scale: units.value });
      ui.place.classList.toggle("diverges", m.diverges);
      const [low, high] = [Number(lr.element.min), Number(lr.element.max)], at = (Math.log10(m.limit) - low) / (high - low);
      ui.place.style.setProperty("--limit", at.toFixed(4));
      mark.classList.toggle("turned", at > 0.7);   // else its words would leave a narrow page
      mark.textContent = `limit ${show(m.limit)}`;
      path.draw(...drawPath(m, `${ui.prefix}-clip`));
      path.describe(describePath(m));
      loss.draw(...drawLoss(m));
      loss.describe(describeLoss(m));
      ui.say(tell(m));
      const { lr: rate, taken, needed, distance, gap, smallest, largest, limit, factor } = m, [w1, w2] = m.w;
      const values = { loss: m.loss, olsLoss: m.ols.loss, w1, w2, distance, gap, smallest, largest, limit, factor };
      table(values);
      ui.numbers({ ...values, lr: rate, steps: m.steps, scale: m.scale, taken, needed });
    });
  }, { data, rescale, descend, gram, eigen, largestStableRate, leastSquares, stepsNeeded, measure, tell, STEPS });
}
