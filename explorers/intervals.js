// The interval machine: a thousand tables of lab 7 whose truth is known, analysed by repeated cross-validation.
// Each interval is mean ± t s √(1/J + ratio) over the J folds so far: naive with ratio 0, corrected with n_test/n_train = 1/4.
"use strict";

{
  const { counted, fixed, unpack, svg, px, text, line, scale, axes } = explorers;
  const data = explorers.data.intervals, SHOWN = 40, RATIOS = { naive: 0, corrected: 1 / 4 };

  const means = unpack(data.means), variances = unpack(data.variances);

  /** Mean and standard deviation of a table's differences over its first cross-validations. */
  function summary(table, repeats) {
    const at = table * data.repeats, one = means.slice(at, at + repeats), jobs = repeats * data.folds;
    const mean = one.reduce((sum, m) => sum + m, 0) / repeats;
    const squares = one.reduce((sum, m, r) => sum + data.folds * (variances[at + r] + (m - mean) ** 2), 0);
    return { mean, sd: Math.sqrt(squares / (jobs - 1)) };
  }

  /** The interval of one table. */
  function interval(table, repeats, kind) {
    const { mean, sd } = summary(table, repeats), jobs = repeats * data.folds;
    const reach = data.quantiles[repeats - 1] * sd * Math.sqrt(1 / jobs + RATIOS[kind]);
    return { mean, low: mean - reach, high: mean + reach, covers: Math.abs(mean - data.truth) < reach };
  }

  /** All tables: how many intervals contain the truth, and their mean half width. */
  function all(repeats, kind) {
    let covered = 0, reach = 0;
    for (let table = 0; table < data.tables; table++) {
      const { low, high, covers } = interval(table, repeats, kind);
      covered += covers;
      reach += (high - low) / 2 / data.tables;
    }
    return { covered, reach };
  }
  const every = Object.fromEntries(Object.keys(RATIOS).map((kind) =>
    [kind, Array.from({ length: data.repeats }, (_, r) => all(r + 1, kind))]));

  const percent = (n) => `${fixed((100 * n) / data.tables, 1)} %`;

  /** Forty intervals, one above the other; x is the same for all settings, so that lengths can be compared. */
  function drawIntervals(box, intervals) {
    const x = scale([-0.6, 0.7], [box.left, box.right], { many: 4 }), parts = [], rows = (box.bottom - box.top - 8) / SHOWN;
    intervals.forEach(({ mean, low, high, covers }, i) => {
      const y = box.top + 4 + (i + 0.5) * rows, kind = covers ? "hit" : "miss";
      const [from, to] = [low, high].map((end) => Math.min(Math.max(x(end), box.left), box.right));
      parts.push(line([[from, y], [to, y]], kind), svg("circle", { class: kind, cx: px(x(mean)), cy: px(y), r: 2.2 }));
    });
    const truth = x(data.truth);
    const frame = axes(x, Object.assign(scale([0, 1], [box.bottom, box.top]), { marks: [] }), ["difference in squared error", "forty of the tables"]);
    return [line([[truth, box.top], [truth, box.bottom]], "truth"), ...parts, frame];
  }

  /** Coverage against the number of repetitions, both kinds, with the present one marked. */
  function drawCoverage(box, repeats, kind) {
    const x = scale([1, data.repeats], [box.left + 10, box.right - 10]);
    const y = scale([40, 104], [box.bottom, box.top]);
    const across = { ...x, from: box.left, to: box.right, marks: [1, 2, 4, 6, 8, 10].map((r) => [x(r), String(r)]) };
    const at = (k, r) => [x(r), y((100 * every[k][r - 1].covered) / data.tables)];
    const counts = Array.from({ length: data.repeats }, (_, r) => r + 1);
    const [u, v] = at(kind, repeats);
    return [
      line([[box.left, y(95)], [box.right, y(95)]], "level"),
      ...Object.keys(RATIOS).map((k) => line(counts.map((r) => at(k, r)), k === kind ? "run" : "run quiet")),
      svg("circle", { class: "end", cx: px(u), cy: px(v), r: 5 }),
      text(x(5) + 6, at("naive", 5)[1] - 4, "start", "naive", "name"), text(x(10), y(98) - 7, "end", "corrected", "name"),
      axes(across, y, ["cross-validations of each table", "intervals that contain the truth, %"]),
    ];
  }

  explorers.add("intervals", (ui) => {
    ui.label("The interval machine");
    const few = ui.picture({ height: 330, caption: "Forty intervals for one true difference, the upright line. Those in red and thick miss it." });
    const many = ui.picture({ height: 330, caption: `The share of all ${data.tables.toLocaleString("en")} tables whose interval contains the truth. Dashed: 95 %.` });
    few.box.left = 30;
    const repeats = ui.slider("repeats", {
      label: "Cross-validations", min: 1, max: data.repeats, value: 4,
      spell: (n) => `${counted(n, "cross-validation")} of each table, ${n * data.folds} folds`,
    });
    const pages = data.tables / SHOWN;
    const page = ui.slider("page", {
      label: "Which forty", min: 1, max: pages, value: 1,
      say: (n) => `${(n - 1) * SHOWN + 1}–${n * SHOWN}`, spell: (n) => `tables ${(n - 1) * SHOWN + 1} to ${n * SHOWN}`,
    });
    const kind = ui.choice("kind", { label: "Interval", options: { naive: "naive", corrected: "corrected" }, value: "naive" });
    ui.play(repeats, { seconds: 6 });

    ui.draw(() => {
      const r = repeats.value, k = kind.value, first = (page.value - 1) * SHOWN, { covered, reach } = every[k][r - 1];
      const intervals = Array.from({ length: SHOWN }, (_, i) => interval(first + i, r, k));
      const missed = intervals.filter(({ covers }) => !covers).length;
      few.draw(...drawIntervals(few.box, intervals));
      few.describe(`Forty ${k} intervals around the true difference ${fixed(data.truth, 3)}; ${missed} of them miss it.`);
      many.draw(...drawCoverage(many.box, r, k));
      many.describe(`Coverage from one cross-validation to ten: naive, from ${percent(every.naive[0].covered)} down to `
        + `${percent(every.naive.at(-1).covered)}; corrected, ${percent(every.corrected[0].covered)} and ${percent(every.corrected.at(-1).covered)}.`);
      ui.say(`After ${counted(r, "cross-validation")} of each table the ${k} 95 % interval contains the true difference in `
        + `${percent(covered)} of ${data.tables.toLocaleString("en")} tables. `
        + `Of the forty shown ${missed === 0 ? "none misses" : missed === 1 ? "one misses" : `${missed} miss`} it. The mean half width is ${fixed(reach, 3)}.`);
      ui.numbers({ repeats: r, kind: k, first, covered, reach, missed });
    });
  }, { summary, interval, all });
}
