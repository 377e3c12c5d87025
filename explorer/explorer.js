// Gradient descent by hand: lab 1's loop in the browser, on two features, so that it can be drawn.
// The first half is arithmetic and knows nothing of the page; the second half is the page.
// In a browser's console, `explorer.descend(explorer.data.X, explorer.data.y, 0.01, 200)` runs it.
"use strict";

(() => {
  // Written by `python -m course.site.explorer`; a test holds it against labkit.
  // data: begin
  const data = {
    X: [
      [1.3709584471466685, 0.32192526520394654],
      [-0.5646981713960888, -0.7838389408803753],
      [0.3631284113373392, 1.5757275197919776],
      [0.6328626049610403, 0.6428993057173165],
      [0.4042683231409992, 0.08976064659960566],
      [-0.10612451609148403, 0.276550747291463],
      [1.5115219974389387, 0.6792888160552708],
      [-0.09465903841309757, 0.08983288657908173],
      [2.018423713877042, -2.9930900831529352],
      [-0.06271409905242101, 0.2848829535306595],
      [1.3048696542234852, -0.3672346427409754],
      [2.2866453927011072, 0.18523056486560935],
      [-1.3888607011123397, 0.5818237273655069],
      [-0.27878876681737147, 1.3997368272926782],
      [-0.13332133639365804, -0.7272920594744652],
      [0.6359503980700744, 1.3025426320441436],
      [-0.2842529214160724, 0.33584811975207446],
      [-2.656455420904776, 1.038506098697621],
      [-2.4404669285755194, 0.9207285682906463],
      [1.3201133457301921, 0.7208781628668627],
      [-0.3066385940784746, -1.0431189385678548],
      [-1.7813084339800003, -0.0901863866107067],
      [-0.1719173557596214, 0.6235181619995436],
      [1.2146746991725985, -0.9535233577723439],
      [1.8951934612649655, -0.5428288145738569],
      [-0.43046913160619965, 0.5809964976816825],
      [-0.25726938276892963, 0.7681787378345911],
      [-1.7631630851947806, 0.46376758854016725],
      [0.46009735483127145, -0.8857762974096796],
      [-0.6399948759601192, -1.099780898647855],
      [0.45545012324121936, 1.5127070098049284],
      [0.7048373372288191, 0.2579214375320309],
      [1.0351035219699223, 0.08844022915958635],
      [-0.6089263754072113, -0.12089653753908948],
      [0.5049551232979703, -1.194328895160528],
      [-1.7170086790733432, 0.611996898040387],
      [-0.7844590083794962, -0.21713984574652084],
      [-0.8509075941765184, -0.18275670633192173],
      [-2.414207649946632, 0.9333463285711601],
      [0.03612260689225563, 0.8217731105082491],
      [0.20599860020025385, 1.392116375934271],
      [-0.3610572985486663, -0.4761739230546743],
      [0.758163235699517, 0.650348560726305],
      [-0.726704827076575, 1.3911104563900007],
      [-1.368281044419294, -1.110788879447899],
      [0.43281802588871715, -0.8607925868778422],
      [-0.8113931761866715, -1.1317386808537702],
      [1.4441012617212534, -1.459213999502396],
      [-0.43144620261334554, 0.07998255324116119],
      [0.6556478834022067, 0.65320433964919],
    ],
    y: [
      3.020474316888637,
      0.17681814167206011,
      -1.351075020537223,
      1.5470668550411375,
      0.3853892953034841,
      -0.43604287324639635,
      2.1326272378881783,
      -0.34032604938276256,
      7.124034028157768,
      -0.3507306726369983,
      2.9644276757542443,
      4.442096584507621,
      -3.60226274751352,
      -2.209422926271373,
      -0.36990015327025677,
      -0.22180869934090386,
      -1.1606790915231195,
      -5.000471440334774,
      -6.482720541036544,
      1.9879766378728252,
      -0.3169707832472397,
      -4.207648352067692,
      -0.905001680420283,
      2.8845531886755222,
      4.332304429951434,
      -1.6560642016069895,
      -1.5895533065971978,
      -5.002432681639283,
      1.1935970318922293,
      -0.09045063271341437,
      -0.31799646611072213,
      0.9053145601488699,
      1.9817982568129338,
      -0.5355113915853499,
      2.924167013244564,
      -4.594571140389984,
      -1.41043795113756,
      -0.9183092815612645,
      -5.996626418747574,
      -0.775762639193236,
      -1.023172824652308,
      -0.6897801829958741,
      0.64363590823036,
      -2.85924255008727,
      -1.832707633919651,
      2.2831216503393783,
      -0.7315440923465639,
      4.130832006644538,
      -0.594443670191801,
      0.12990722056976955,
    ],
  };
  // data: end

  // ------------------------------------------------------------------ arithmetic

  /** Multiply the second feature, as if it had been recorded in other units. */
  const rescale = (X, scale) => X.map(([x1, x2]) => [x1, scale * x2]);

  /** Gradient descent on the mean squared error from w = 0: the loss and w before each step and
   *  after the last. A loss that is no longer a finite number ends the run, and is left out. */
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
    return {
      smallest: (a * d - b * b) / largest,        // the product of the two is the determinant
      largest,
      flattest: [-steepest[1], steepest[0]],
      steepest,
    };
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

  /** How many steps bring every coefficient to within 0.01 standard errors of least squares, from
   *  the eigenvalues alone, as in lab 1; null where no number up to a million does. */
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

  /** Everything that the page shows of one run. */
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

  // ------------------------------------------------------------------ words

  const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const power = (n) => "10" + String(n).replace("-", "⁻").replace(/\d/g, (digit) => SUPERSCRIPTS[digit]);

  /** A number as it is read: 0.2140, −1.12, 3.21 × 10¹². */
  function show(x, digits = 4) {
    const size = Math.abs(x);
    let text = Number(x).toPrecision(digits);
    if (size > 0 && (size < 0.0001 || size >= 99999.5)) {
      const [head, exponent] = x.toExponential(2).split("e");
      text = `${head} × ${power(Number(exponent))}`;
    } else if (size >= 1000 || size === 0) {
      text = Math.round(x).toLocaleString("en");
    }
    return text.replace("-", "−");
  }
  /** A setting as it is typed: no zeros that say nothing. */
  const plain = (x) => x.toLocaleString("en", { maximumSignificantDigits: 3 }).replace("-", "−");
  const counted = (steps) => `${steps.toLocaleString("en")} ${steps === 1 ? "step" : "steps"}`;

  /** The run in a few sentences, for the page and for a screen reader. */
  function tell(m) {
    const limit = show(m.limit);
    if (m.diverges) {
      return [
        `The run diverges: the learning rate ${plain(m.lr)} is not below the largest stable one, ${limit}.`,
        `Each step multiplies the error in the steepest direction by ${show(m.factor)},`,
        `and its part of the loss by ${show(m.factor ** 2)}.`,
        m.taken < m.steps
          ? `After ${counted(m.taken)} the loss is ${show(m.loss)}; one more, and it is too large for the computer, so the run ends.`
          : `After ${counted(m.taken)} the loss is ${show(m.loss)}, where least squares has ${show(m.ols.loss)}.`,
        m.leaves === null ? "" : `The path leaves the picture at step ${m.leaves}.`,
      ].filter(Boolean).join(" ");
    }
    return [
      `After ${counted(m.steps)} the loss is ${show(m.loss)}, where least squares has ${show(m.ols.loss)}.`,
      m.gap <= 0.01
        ? "Every coefficient is within 0.01 standard errors of least squares."
        : `The distance from least squares is ${show(m.distance, 3)}; the coefficient furthest off is ${show(m.gap, 3)} standard errors away.`,
      m.needed === null
        ? "Within 0.01 standard errors it comes only after more than a million steps."
        : `Theory asks for ${counted(m.needed)} to come within 0.01 standard errors.`,
      `The largest stable learning rate here is ${limit}.`,
      m.factor < 0 ? "Above half of it, as here, each step crosses the floor of the valley: the path zigzags." : "",
    ].filter(Boolean).join(" ");
  }

  // ------------------------------------------------------------------ pictures

  const WIDTH = 360, HEIGHT = 300, LEFT = 58, RIGHT = 350, TOP = 10, BOTTOM = 258;

  /** The window of the path, for which least squares is the middle and the start is inside; both
   *  axes have the same scale, so that a circle is a circle. */
  function view(beta) {
    const perUnit = (BOTTOM - TOP) / 2 / (1.3 * Math.hypot(...beta));
    return {
      perUnit,
      x: (w1) => (LEFT + RIGHT) / 2 + (w1 - beta[0]) * perUnit,
      y: (w2) => (TOP + BOTTOM) / 2 - (w2 - beta[1]) * perUnit,
    };
  }
  function inPicture(w, beta) {
    const { x, y } = view(beta), [px, py] = [x(w[0]), y(w[1])];
    return px >= LEFT && px <= RIGHT && py >= TOP && py <= BOTTOM;
  }

  /** A round number, 1, 2 or 5 with zeros, that is not below x. */
  function roundUp(x) {
    const ten = 10 ** Math.floor(Math.log10(x));
    return [1, 2, 5, 10].find((m) => m * ten >= x) * ten;
  }
  /** Round numbers from low to high, about five of them. */
  function ticks(low, high) {
    const gap = roundUp((high - low) / 5), found = [];
    for (let i = Math.ceil(low / gap); i * gap <= high; i++) found.push(Number((i * gap).toPrecision(12)));
    return found;
  }
  /** The same for a logarithmic axis: powers of ten, and 2 and 5 times them where they are few. */
  function logTicks(low, high) {
    const [first, last] = [Math.floor(Math.log10(low)), Math.floor(Math.log10(high))];
    const every = Math.max(1, roundUp((last - first) / 6)), found = [];
    for (let n = first; n <= last; n++) {
      const heads = last - first < 3 ? [1, 2, 5] : n % every === 0 ? [1] : [];
      found.push(...heads.map((m) => Number(`${m}e${n}`)).filter((t) => t >= low && t <= high));
    }
    return found;
  }

  function svg(name, attributes = {}, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }
  const px = (x) => x.toFixed(1);
  const text = (x, y, anchor, words, kind = "tick") =>
    svg("text", { x: px(x), y: px(y), "text-anchor": anchor, class: kind }, words);

  /** Axes with their marks and names: `across` and `up` hold [position, words]. */
  function axes(across, up, names) {
    const group = svg("g");
    group.append(svg("path", { class: "axis", d: `M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}` }));
    for (const [x, words] of across) {
      group.append(svg("path", { class: "axis", d: `M${px(x)} ${BOTTOM}v4` }), text(x, BOTTOM + 17, "middle", words));
    }
    for (const [y, words] of up) {
      group.append(svg("path", { class: "axis", d: `M${LEFT} ${px(y)}h-4` }), text(LEFT - 7, y + 4, "end", words));
    }
    group.append(text((LEFT + RIGHT) / 2, HEIGHT - 6, "middle", names[0], "name"));
    group.append(svg("text", { class: "name", "text-anchor": "middle", transform: `translate(12 ${(TOP + BOTTOM) / 2}) rotate(-90)` }, names[1]));
    return group;
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
    const drawn = (far < 0 ? m.path : m.path.slice(0, far)).map((w) => `${px(x(w[0]))} ${px(y(w[1]))}`);
    inside.append(svg("path", { class: "run", d: "M" + drawn.join("L") }));
    inside.append(svg("path", { class: "dots", d: drawn.map((at) => `M${at}h0`).join("") }));
    inside.append(svg("circle", { class: "start", cx: px(x(0)), cy: px(y(0)), r: 5 }));
    inside.append(svg("path", { class: "ols", d: `M${px(x(b1) - 6)} ${px(y(b2) - 6)}l12 12m0 -12l-12 12` }));
    if (far < 0) inside.append(svg("circle", { class: "end", cx: px(x(m.w[0])), cy: px(y(m.w[1])), r: 3.6 }));
    const halves = [(RIGHT - LEFT) / 2 / perUnit, (BOTTOM - TOP) / 2 / perUnit];
    const frame = axes(
      ticks(b1 - halves[0], b1 + halves[0]).map((t) => [x(t), plain(t)]),
      ticks(b2 - halves[1], b2 + halves[1]).map((t) => [y(t), plain(t)]),
      ["coefficient of feature 1", "coefficient of feature 2"],
    );
    const note = m.leaves === null ? [] : [text(RIGHT - 4, TOP + 14, "end", `leaves at step ${m.leaves}`, "note")];
    return [
      svg("clipPath", { id: clip }, svg("rect", { x: LEFT, y: TOP, width: RIGHT - LEFT, height: BOTTOM - TOP })),
      inside, frame, ...note,
    ];
  }

  function describePath(m) {
    const longer = Math.sqrt(m.largest / m.smallest);
    const at = (w) => `(${show(w[0], 3)}, ${show(w[1], 3)})`;
    const way = m.leaves !== null
      ? `leaves the picture at step ${m.leaves}`
      : `leads to ${at(m.w)}${m.factor < 0 ? ", from side to side," : ""} in ${counted(m.taken)}`;
    return `Lines of equal loss are ellipses, ${show(longer, 3)} times as long as they are wide, `
      + `around least squares at ${at(m.ols.beta)}. The path from (0, 0) ${way}.`;
  }

  /** The loss at each step on a logarithmic axis, and that of least squares as a level. */
  function drawLoss(m) {
    const high = Math.log10(Math.max(...m.losses)), low = Math.log10(m.ols.loss);
    const room = 22;   // below the level, for its name
    const perDecade = (BOTTOM - room - TOP - 8) / (high - low);
    const x = (step) => LEFT + 6 + (step / Math.max(m.taken, 1)) * (RIGHT - LEFT - 12);
    const y = (loss) => BOTTOM - room - (Math.log10(loss) - low) * perDecade;
    const line = m.losses.map((loss, step) => `${px(x(step))} ${px(y(loss))}`).join("L");
    const lowest = 10 ** (low - room / perDecade);
    const level = y(m.ols.loss);
    return [
      svg("path", { class: "level", d: `M${LEFT} ${px(level)}H${RIGHT}` }),
      text(RIGHT - 4, level + 15, "end", `least squares ${show(m.ols.loss)}`, "name"),
      svg("path", { class: "run", d: "M" + line }),
      svg("path", { class: "dots", d: m.taken <= 60 ? "M" + line.split("L").join("h0M") + "h0" : "" }),
      axes(
        ticks(0, m.taken).filter(Number.isInteger).map((t) => [x(t), plain(t)]),
        logTicks(lowest, 10 ** Math.min(high, 308)).map((t) => [y(t), t < 0.001 || t > 1000 ? power(Math.round(Math.log10(t))) : plain(t)]),
        ["steps", "loss (logarithmic)"],
      ),
    ];
  }

  function describeLoss(m) {
    const way = m.diverges ? "The loss at each step; it goes" : "A falling curve of the loss: it goes";
    return `${way} from ${show(m.losses[0])} at the start to ${show(m.loss)} after ${counted(m.taken)}, `
      + `on a logarithmic axis. A dashed level marks the loss of least squares, ${show(m.ols.loss)}.`;
  }

  // ------------------------------------------------------------------ the page

  const STEPS = [];   // every number up to 30, then wider apart
  for (let t = 1; t <= 5000; t += t < 30 ? 1 : t < 100 ? 5 : t < 500 ? 20 : t < 1000 ? 50 : 250) STEPS.push(t);

  /** The three settings: what a slider's position means, and how it is read out. */
  const SETTINGS = {
    lr: {
      label: "Learning rate", min: -5, max: 0.5, step: 0.01, start: -2,
      value: (at) => Number((10 ** at).toPrecision(3)),
      say: (m) => `${plain(m.lr)}, ${m.diverges ? "not below" : "below"} the largest stable rate, ${show(m.limit)}`,
    },
    steps: {
      label: "Steps", min: 0, max: STEPS.length - 1, step: 1, start: STEPS.indexOf(200),
      value: (at) => STEPS[at],
      say: (m) => counted(m.steps),
    },
    scale: {
      label: "Scale of feature 2", min: -1, max: 2, step: 0.05, start: 0,
      value: (at) => Number((10 ** at).toPrecision(2)),
      say: (m) => `feature 2 times ${plain(m.scale)}`,
    },
  };
  const ROWS = [
    ["Loss after the last step", "loss", (m) => m.loss],
    ["Loss of least squares", "olsLoss", (m) => m.ols.loss],
    ["Coefficient of feature 1", "w1", (m) => m.w[0]],
    ["Coefficient of feature 2", "w2", (m) => m.w[1]],
    ["Distance from least squares", "distance", (m) => m.distance],
    ["The same in standard errors, the larger of two", "gap", (m) => m.gap],
    ["Eigenvalues of X′X/n: λmin", "smallest", (m) => m.smallest],
    ["λmax", "largest", (m) => m.largest],
    ["Largest stable learning rate, 1/λmax", "limit", (m) => m.limit],
    ["Factor of the error a step, steepest direction", "factor", (m) => m.factor],
  ];

  function html(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  /** Put an explorer into `place`, instead of what stands there for readers without JavaScript. */
  function build(place, number) {
    const id = (name) => `explorer-${number}-${name}`;
    const sliders = {}, values = {}, cells = {};
    const controls = html("div", { class: "explorer-controls" });
    for (const [name, setting] of Object.entries(SETTINGS)) {
      sliders[name] = html("input", {
        type: "range", id: id(name), name, autocomplete: "off",
        min: setting.min, max: setting.max, step: setting.step, value: setting.start,
      });
      values[name] = html("span", { class: "explorer-value", "aria-hidden": "true" });   // the slider says it
      controls.append(html("div", { class: `explorer-control explorer-${name}` },
        html("label", { for: id(name) }, setting.label), values[name], sliders[name]));
    }
    const mark = html("span", { class: "explorer-mark", "aria-hidden": "true" });
    sliders.lr.after(html("span", { class: "explorer-rail" }, mark));
    const again = html("button", { type: "button" }, "Start again");

    const sentence = html("p", { class: "explorer-sentence" });
    const spoken = html("p", { class: "explorer-spoken", role: "status", "aria-live": "polite" });
    const picture = () => svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
    const pathPicture = picture(), lossPicture = picture();
    const pictures = html("div", { class: "explorer-pictures" },
      html("figure", {}, pathPicture, html("figcaption", {},
        "The path over lines of equal loss: circle, the start; dot, the last step; cross, least squares. From one line to the next the excess loss is four times as large.")),
      html("figure", {}, lossPicture, html("figcaption", {}, "The loss before each step and after the last.")));
    const table = html("table", {}, html("caption", {}, "The run in numbers"));
    const body = html("tbody");
    for (const [label, name] of ROWS) {
      cells[name] = html("td", { class: "number" });
      body.append(html("tr", {}, html("th", { scope: "row" }, label), cells[name]));
    }
    table.append(body);
    const box = html("div", { class: "table-box" }, table);   // scrolls where the page is narrow
    place.replaceChildren(controls, again, sentence, spoken, pictures, box);
    place.setAttribute("role", "group");
    place.setAttribute("aria-label", "Explorer of gradient descent");

    let pause;
    function update({ speak = true } = {}) {
      const chosen = Object.entries(SETTINGS).map(([name, s]) => [name, s.value(Number(sliders[name].value))]);
      const m = measure(Object.fromEntries(chosen));
      for (const [name, setting] of Object.entries(SETTINGS)) {
        sliders[name].setAttribute("aria-valuetext", setting.say(m));
        values[name].textContent = name === "scale" ? `× ${plain(m.scale)}` : plain(m[name]);
      }
      place.classList.toggle("diverges", m.diverges);
      const at = (Math.log10(m.limit) - SETTINGS.lr.min) / (SETTINGS.lr.max - SETTINGS.lr.min);
      place.style.setProperty("--limit", at.toFixed(4));
      mark.classList.toggle("turned", at > 0.7);   // else its words would leave a narrow page
      mark.textContent = `limit ${show(m.limit)}`;
      sentence.textContent = tell(m);
      pathPicture.replaceChildren(...drawPath(m, id("clip")));
      pathPicture.setAttribute("aria-label", describePath(m));
      lossPicture.replaceChildren(...drawLoss(m));
      lossPicture.setAttribute("aria-label", describeLoss(m));
      for (const [, name, value] of ROWS) {
        cells[name].textContent = show(value(m));
        cells[name].dataset[name] = place.dataset[name] = String(value(m));
      }
      for (const name of ["lr", "steps", "scale", "taken", "needed"]) place.dataset[name] = String(m[name] ?? "");
      // A screen reader is told once the settings rest, and finds the text only once on the page.
      clearTimeout(pause);
      spoken.textContent = "";
      if (speak) {
        pause = setTimeout(() => {
          spoken.textContent = tell(m);
          pause = setTimeout(() => { spoken.textContent = ""; }, 10000);
        }, 700);
      }
    }
    controls.addEventListener("input", () => update());
    again.addEventListener("click", () => {
      for (const [name, setting] of Object.entries(SETTINGS)) sliders[name].value = setting.start;
      update();
    });
    update({ speak: false });
  }

  window.explorer = { data, rescale, descend, gram, eigen, largestStableRate, leastSquares, stepsNeeded, measure, tell, STEPS };
  document.querySelectorAll("div.explorer").forEach(build);
})();
