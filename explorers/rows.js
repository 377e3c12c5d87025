// Network against trees: the stored study of lab 8, a dot for each table, at every number of rows.
// The ratio of the excess risks is a geometric mean; its interval is the t interval of the mean log ratio.
"use strict";

{
  const { counted, fixed, plain, svg, px, text, line, scale, axes } = explorers;
  const data = explorers.data.rows;
  const TRUTHS = Object.fromEntries(Object.keys(data.ratios).map((name) => [name, name === "thresholds" ? "thresholds" : `${name} function`]));
  const WAYS = {
    "tuned": "both tuned",
    "tuned, ReLU alone": "both tuned, the network with ReLUs alone",
    "ReLU, 4 leaves": "neither: ReLUs, four leaves",
    "ReLU, 31 leaves": "neither: ReLUs, 31 leaves",
  };

  /** The ratio at one number of rows with its 95 % interval and verdict; null where the study has no table. */
  function verdict(truth, way, n) {
    const logs = data.ratios[truth][way][n];
    if (!logs) return null;
    const count = logs.length, mean = logs.reduce((sum, x) => sum + x, 0) / count;
    const sd = Math.sqrt(logs.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (count - 1));
    const reach = (data.quantiles[count] * sd) / Math.sqrt(count), [low, high] = [mean - reach, mean + reach];
    return {
      n, count, tables: logs.map(Math.exp), ratio: Math.exp(mean), low: Math.exp(low), high: Math.exp(high),
      leads: high < 0 ? "network" : low > 0 ? "trees" : "no evidence",
    };
  }
  /** The sizes that the study has for a truth. */
  const sizes = (truth) => data.sizes.filter((n) => data.ratios[truth].tuned[n]);

  /** All sizes: the mean ratios as a line, with intervals; at the chosen one a dot for each table. */
  function draw(box, truth, way, chosen) {
    const rows = sizes(truth).map((n) => verdict(truth, way, n)), middle = 1;
    const x = scale([100, 320000], [box.left, box.right], { log: true }), y = scale([0.15, 30], [box.bottom, box.top], { log: true });
    const across = { ...x, marks: [125, 1000, 8000, 64000].map((n) => [x(n), n.toLocaleString("en")]) };
    const up = { ...y, marks: [0.2, 0.5, 1, 2, 5, 10, 20].map((r) => [y(r), plain(r)]) };
    const bar = ({ n, low, high }, kind) => line([[x(n), y(low)], [x(n), y(high)]], kind);
    const at = rows.find(({ n }) => n === chosen);
    const parts = [
      line([[box.left, y(middle)], [box.right, y(middle)]], "level"),
      text(x(4000), y(middle) - 8, "middle", "trees lead", "name"), text(x(4000), y(middle) + 17, "middle", "network leads", "name"),
      line(rows.map(({ n, ratio }) => [x(n), y(ratio)]), "run quiet"),
      ...rows.filter((row) => row !== at).flatMap((row) => [bar(row, "run quiet"), svg("circle", { class: "end quiet", cx: px(x(row.n)), cy: px(y(row.ratio)), r: 4 })]),
    ];
    at.tables.forEach((ratio, i) => {   // beside each other, so that none hides another
      const aside = 12 + 3.2 * (i % 5);
      parts.push(svg("circle", { class: "table", cx: px(x(at.n) + (x(at.n) > box.right - 60 ? -aside : aside)), cy: px(y(ratio)), r: 2.6 }));
    });
    parts.push(bar(at, "run strong"), svg("circle", { class: "end", cx: px(x(at.n)), cy: px(y(at.ratio)), r: 6 }));
    return [...parts, axes(across, up, ["training rows", "network’s excess risk / trees’"])];
  }

  const LEADS = { "network": "the network leads", "trees": "the trees lead", "no evidence": "there is no evidence of a difference" };
  const times = (ratio) => (ratio < 1 ? `${fixed(ratio, 2)} of the trees’` : `${fixed(ratio, 2)} times the trees’`);

  explorers.add("rows", (ui) => {
    ui.label("Network against trees");
    const picture = ui.picture({
      width: 640, height: 330, wide: true,
      caption: "Small dots: one table each, at the chosen number of rows. Large dots: their geometric mean, with its 95 % interval. Both axes are logarithmic.",
    });
    const row = ui.slider("row", {
      label: "Training rows", min: 0, max: data.sizes.length - 1, value: data.sizes.indexOf(250),
      at: (position) => data.sizes[position], say: (n) => n.toLocaleString("en"), spell: (n) => `${n.toLocaleString("en")} rows`,
    });
    const truth = ui.choice("truth", { label: "Truth", options: TRUTHS, value: "Friedman's" });
    const way = ui.choice("way", { label: "Tuning", options: WAYS, value: "tuned" });
    ui.play(row, { seconds: 8 });

    ui.draw(() => {
      const had = sizes(truth.value), asked = row.value;
      const n = had.reduce((best, size) => (Math.abs(Math.log(size / asked)) < Math.abs(Math.log(best / asked)) ? size : best));
      const at = verdict(truth.value, way.value, n);
      picture.draw(...draw(picture.box, truth.value, way.value, n));
      const trend = had.map((size) => verdict(truth.value, way.value, size)).map((v) => `${v.n.toLocaleString("en")} rows: ${fixed(v.ratio, 2)}`);
      picture.describe(`The network’s excess risk over the trees’, ${WAYS[way.value]}. ${trend.join("; ")}.`);
      ui.say(`${n === asked ? "" : `The study has no tables of ${asked.toLocaleString("en")} rows for this truth; the nearest are shown. `}`
        + `With ${n.toLocaleString("en")} rows the network’s excess risk is ${times(at.ratio)}, 95 % interval ${fixed(at.low, 2)} to ${fixed(at.high, 2)}, `
        + `over ${counted(at.count, "table")}: ${LEADS[at.leads]}.`);
      ui.numbers({ n, truth: truth.value, way: way.value, ratio: at.ratio, low: at.low, high: at.high, leads: at.leads, tables: at.count });
    });
  }, { verdict, sizes });
}
