// The network of lab 16 that was trained on tables from a prior, at work in the reader's browser beside the exact answer:
// in a browser's console `explorers.figures.prior.predict([1, 2], [0.5, 1.5], [0])` is its mean and variance at a new row.
"use strict";

{
  const { fixed, counted, unpack, svg, px, line, scale, axes } = explorers;
  const data = explorers.data.prior, NOISE = data.noise_sd ** 2, SPAN = [-3, 3], REACH = 1.959964;

  // ------------------------------------------------------------------ the network

  /** The weights by name, each with its shape. */
  const weights = (() => {
    const values = unpack(data.weights), found = {};
    let at = 0;
    for (const [name, shape] of data.shapes) {
      const from = at;
      at += shape.reduce((product, side) => product * side, 1);
      found[name] = { shape, values: Float64Array.from(values.slice(from, at)) };
    }
    return found;
  })();

  const each = (rows, f) => rows.map((row, i) => Float64Array.from(row, (value, j) => f(value, i, j)));
  /** A linear map of every row, as `nn.Linear` has it. */
  function linear(rows, name) {
    const { shape: [outputs, inputs], values } = weights[`${name}.weight`], bias = weights[`${name}.bias`].values;
    return rows.map((row) => {
      const found = Float64Array.from(bias);
      for (let o = 0; o < outputs; o++) for (let i = 0; i < inputs; i++) found[o] += values[o * inputs + i] * row[i];
      return found;
    });
  }
  function normalised(rows, name) {
    const [gain, shift] = ["weight", "bias"].map((part) => weights[`${name}.${part}`].values);
    return rows.map((row) => {
      const mean = row.reduce((sum, v) => sum + v, 0) / row.length;
      const sd = Math.sqrt(row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / row.length + 1e-5);
      return Float64Array.from(row, (v, j) => (gain[j] * (v - mean)) / sd + shift[j]);
    });
  }
  /** The error function by a series of positive terms. */
  function erf(x) {
    if (Math.abs(x) > 6) return Math.sign(x);
    let term = x, sum = x;
    for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) { term *= (2 * x * x) / (2 * k + 1); sum += term; }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  const gelu = (x) => (x * (1 + erf(x / Math.SQRT2))) / 2;

  /** Every row attends to the first n, the context, with each head for itself. */
  function attention(rows, n, name) {
    const query = linear(rows, `${name}.query`), key = linear(rows.slice(0, n), `${name}.key`), value = linear(rows.slice(0, n), `${name}.value`);
    const width = query[0].length, size = width / data.heads;
    const gathered = query.map((asks) => {
      const found = new Float64Array(width);
      for (let from = 0; from < width; from += size) {
        const scores = key.map((k) => {
          let sum = 0;
          for (let j = from; j < from + size; j++) sum += asks[j] * k[j];
          return sum / Math.sqrt(size);
        });
        const top = Math.max(...scores), shares = scores.map((score) => Math.exp(score - top));
        const total = shares.reduce((sum, share) => sum + share, 0);
        for (let i = 0; i < n; i++) for (let j = from; j < from + size; j++) found[j] += (shares[i] / total) * value[i][j];
      }
      return found;
    });
    return linear(gathered, `${name}.mix`);
  }
  /** Mean and variance of the outcome at new places, from the rows of a table: one forward pass. */
  function predict(x, y, places) {
    const n = x.length, known = linear(y.map((v) => [v]), "read_y");
    let rows = linear([...x, ...places].map((v) => [v]), "read_x");
    rows = each(rows, (v, i, j) => (i < n ? v + known[i][j] : v));
    for (let block = 0; block < data.layers; block++) {
      const name = `blocks.${block}`, heard = attention(normalised(rows, `${name}.norm_1`), n, `${name}.attention`);
      rows = each(rows, (v, i, j) => v + heard[i][j]);
      const bent = linear(each(linear(normalised(rows, `${name}.norm_2`), `${name}.hidden`), gelu), `${name}.back`);
      rows = each(rows, (v, i, j) => v + bent[i][j]);
    }
    return linear(normalised(rows.slice(n), "norm"), "out").map(([mean, logVariance]) => ({ mean, variance: Math.exp(logVariance) }));
  }

  // ------------------------------------------------------------------ what is exact

  const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);
  /** The posterior predictive: the slope has the prior N(0, 1), the noise is known. */
  function exact(x, y, places) {
    const precision = 1 + dot(x, x) / NOISE, slope = dot(x, y) / NOISE / precision;
    return places.map((v) => ({ mean: slope * v, variance: NOISE + v ** 2 / precision }));
  }
  const leastSquares = (x, y, places) => places.map((v) => ({ mean: (dot(x, y) / dot(x, x)) * v, variance: NOISE * (1 + v ** 2 / dot(x, x)) }));
  const distance = (mine, true_) => 0.5 * (Math.log(mine.variance / true_.variance) + (true_.variance + (true_.mean - mine.mean) ** 2) / mine.variance - 1);

  const PLACES = Array.from({ length: 61 }, (_, i) => SPAN[0] + (i * (SPAN[1] - SPAN[0])) / 60);
  const density = PLACES.map((v) => Math.exp(-(v ** 2) / 2)), whole = density.reduce((sum, d) => sum + d, 0);
  /** The mean distance from the exact prediction in nats, over new rows from the prior's normal distribution. */
  const nats = (mine, true_) => mine.reduce((sum, one, i) => sum + (density[i] / whole) * distance(one, true_[i]), 0);

  /** How far a table lies from the prior's middle: a mean square a row, 1 on average, and the limit that few tables pass. */
  function oddness(x, y) {
    const n = x.length, explained = dot(x, y) ** 2 / NOISE / (1 + dot(x, x) / NOISE);
    return { odd: (dot(y, y) - explained) / NOISE / n, limit: 1 + 3 * Math.sqrt(2 / n) };
  }
  function measure(x, y) {
    const all = { network: predict(x, y, PLACES), exact: exact(x, y, PLACES), line: leastSquares(x, y, PLACES) };
    return { ...all, nats: nats(all.network, all.exact), lineNats: nats(all.line, all.exact), ...oddness(x, y) };
  }

  // ------------------------------------------------------------------ picture and words

  const ends = ({ mean, variance }) => [mean - REACH * Math.sqrt(variance), mean + REACH * Math.sqrt(variance)];
  /** Band, lines and rows, cut at the frame; all rows but the first, which is the handle. */
  function draw(x, y, m, rows, clip) {
    const path = (values) => PLACES.map((v, i) => [x(v), y(values[i])]);
    const [low, high] = [0, 1].map((side) => path(m.exact.map((one) => ends(one)[side])));
    const band = [...low, ...high.reverse()].map(([u, v], i) => `${i ? "L" : "M"}${px(u)} ${px(v)}`).join("");
    const frame = svg("rect", { x: x.from, y: y.to, width: x.to - x.from, height: y.from - y.to });
    const parts = [svg("path", { class: "band", d: `${band}Z` }), line(path(m.exact.map((one) => one.mean)), "exact")];
    for (const f of [(one) => ends(one)[0], (one) => one.mean, (one) => ends(one)[1]]) parts.push(line(path(m.network.map(f)), "network"));
    for (const [u, v] of rows.slice(1)) parts.push(svg("circle", { class: "row", cx: px(x(u)), cy: px(y(v)), r: 3.6 }));
    return [svg("clipPath", { id: clip }, frame), svg("g", { "clip-path": `url(#${clip})` }, ...parts), axes(x, y, ["x", "y"])];
  }
  const places = (nats_) => fixed(nats_, nats_ < 0.0995 ? 3 : 2);
  function tell(m, n) {
    const at = PLACES.indexOf(1);
    const said = (one) => `${fixed(one.mean, 2)} (${ends(one).map((end) => fixed(end, 2)).join(" to ")})`;
    const odd = m.odd > m.limit ? " The prior hardly ever draws such a table, and the network has seen few like it." : "";
    return `From ${counted(n, "row")} the network’s prediction lies ${places(m.nats)} nats from the exact one, that of least squares ${places(m.lineNats)}. `
      + `At x = 1 it says ${said(m.network[at])}; exact is ${said(m.exact[at])}.${odd}`;
  }

  explorers.add("prior", (ui) => {
    ui.label("A network that has learned Bayes’ rule");
    const picture = ui.picture({
      width: 640, height: 330, wide: true, interactive: true,
      caption: "The band is the exact 95 % prediction interval, with its mean; dashed is what the network says after one look at the rows. Drag the ringed row anywhere.",
    });
    let table = 0, moved = null;
    const n = ui.slider("n", { label: "Rows", min: 2, max: 30, value: 3, say: String, spell: (count) => counted(count, "row") });
    const slope = ui.slider("slope", { label: "True slope", min: -20, max: 20, value: 10, at: (position) => position / 10, say: (s) => fixed(s, 1) });
    ui.play(n, { seconds: 7 });
    ui.button("Another table", () => { table = (table + 1) % data.x.length; moved = null; });
    ui.button("Start again", () => { table = 0; moved = null; ui.restart(); });

    const across = () => scale(SPAN, [picture.box.left, picture.box.right], { many: 6 }), up = () => scale([-6, 6], [picture.box.bottom, picture.box.top], { many: 6 });
    const drawn = () => data.x[table].slice(0, n.value).map((v, i) => [v, slope.value * v + data.noise[table][i]]);
    const rows = () => drawn().map((row, i) => (i || !moved ? row : moved));
    const inside = ([u, v]) => [u, v].map((value, k) => Math.min(Math.max(value, [-3, -6][k]), [3, 6][k]));
    const handle = ui.handle(picture, { label: "A row", x: across, y: up, get: () => inside(rows()[0]), set: (row) => { moved = row; } });

    ui.draw(() => {
      const seen = rows(), [x, y] = [0, 1].map((k) => seen.map((row) => row[k])), m = measure(x, y);
      picture.draw(...draw(across(), up(), m, seen, `${ui.prefix}-frame`), handle());
      picture.describe(`${counted(seen.length, "point")}, the exact mean and 95 % interval over x from −3 to 3, and the network’s, which lie ${places(m.nats)} nats apart.`);
      ui.say(tell(m, seen.length));
      ui.numbers({ n: seen.length, table, slope: slope.value, nats: m.nats, line: m.lineNats, odd: m.odd > m.limit, rows: JSON.stringify(seen) });
    });
  }, { predict, exact, leastSquares, measure, oddness, places: PLACES, erf });
}
