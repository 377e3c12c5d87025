// What a patience costs: lab 6's training on its table and on seven others, stopped early by the rule of the lab.
// In a browser's console `explorers.figures.patience.stop([3, 2, 2.5, 2.4], 2)` runs the rule.
"use strict";

{
  const { fixed, svg, px, text, line, scale, axes } = explorers;
  const data = explorers.data.patience, LONGEST = 100;

  /** Early stopping: when training stops, and which epoch's weights are kept. Epochs count from 1; a tie is no new best. */
  function stop(losses, patience) {
    let kept = 0, best = Infinity;
    for (const [i, loss] of losses.entries()) {
      const epoch = i + 1;
      if (loss < best) [kept, best] = [epoch, loss];
      else if (epoch - kept === patience) return { kept, stopped: epoch, early: true };
    }
    return { kept, stopped: losses.length, early: false };
  }

  /** All that the page shows of a table and a patience. */
  function measure({ table, patience }) {
    const { val_loss: losses, risk } = data.runs[table], found = stop(losses, patience);
    const least = Math.min(...risk), paid = risk[found.kept - 1];
    return { table, patience, ...found, risk: paid, least, best: risk.indexOf(least) + 1, excess: paid - least, last: risk[risk.length - 1] };
  }

  function tell(m) {
    const epochs = data.runs[m.table].risk.length;
    const ends = m.early ? `training stops after epoch ${m.stopped}` : `training runs to its end, epoch ${epochs},`;
    const paid = m.kept === m.best
      ? `is ${fixed(m.risk, 2)}, the best possible`
      : `is ${fixed(m.risk, 2)}, ${fixed(m.excess, 2)} above the best possible, at epoch ${m.best}`;
    return `With patience ${m.patience} ${ends} and keeps the weights of epoch ${m.kept}. Their true risk ${paid}. At epoch ${epochs} it would be ${fixed(m.last, 2)}.`;
  }

  // ------------------------------------------------------------------ pictures

  const BOX = { left: 48, right: 282, top: 8, bottom: 258 };   // of 360 by 300, with room for names at the right
  const KINDS = [["loss", "training"], ["val_loss", "validation"], ["risk", "true risk"]];
  const dot = (kind, x, y, r = 4) => svg("circle", { class: `mark ${kind}`, cx: px(x), cy: px(y), r });

  /** The three curves, faint where this patience never comes, with the wait between the epoch that is kept and the last. */
  function drawRun(m, clip) {
    const run = data.runs[m.table], epochs = run.risk.length;
    const x = scale([0, epochs], [BOX.left, BOX.right], { many: 4 }), y = scale([1, 10], [BOX.bottom, BOX.top]);
    const inside = svg("g", { "clip-path": `url(#${clip})` }), height = BOX.bottom - BOX.top;
    const [kept, stopped] = [x(m.kept), x(m.stopped)];
    inside.append(svg("rect", { class: "wait", x: px(kept), y: BOX.top, width: px(stopped - kept), height }));
    for (const [key, name] of KINDS) {
      const points = run[key].map((value, i) => [x(i + 1), y(value)]), kind = name.replace(" ", "-");
      inside.append(line(points, `curve ${kind} later`), line(points.slice(0, m.stopped), `curve ${kind}`));
    }
    const verticals = svg("path", { class: "now", d: `M${px(kept)} ${BOX.top}V${BOX.bottom}M${px(stopped)} ${BOX.top}V${BOX.bottom}` });
    const ends = KINDS.map(([key, name]) => ({ name, y: y(run[key][epochs - 1]) })).sort((a, b) => a.y - b.y);
    const gap = Math.max(0, 15 - (ends[1].y - ends[0].y)) / 2;   // training ends far below the other two
    ends[0].y -= gap;
    ends[1].y += gap;
    return [
      svg("clipPath", { id: clip }, svg("rect", { x: BOX.left, y: BOX.top, width: BOX.right - BOX.left, height })),
      inside, verticals, axes(x, y, ["epoch", "mean squared error"]),
      ...ends.map((end) => text(BOX.right + 5, end.y + 4, "start", end.name, `tick of-${end.name.replace(" ", "-")}`)),
      text(stopped + 5, BOX.top + 12, "start", `stops after ${m.stopped}`, "halo"),
      text(kept + 5, BOX.top + 29, "start", `keeps ${m.kept}`, "halo"),
      svg("circle", { class: "least", cx: px(x(m.best)), cy: px(y(m.least)), r: 6.5 }),
      dot("validation", kept, y(run.val_loss[m.kept - 1])), dot("true-risk", kept, y(m.risk)),
    ];
  }

  /** The risk that each patience pays, and the least of the run as a level. */
  function drawCost(m) {
    const costs = Array.from({ length: LONGEST }, (_, i) => measure({ table: m.table, patience: i + 1 }).risk);
    const most = Math.max(...costs), room = 0.12 * (most - m.least);
    const x = scale([0, LONGEST], [BOX.left, 340], { many: 5 }), y = scale([m.least - room, most + room], [BOX.bottom, BOX.top], { many: 4 });
    const steps = costs.flatMap((risk, i) => [[x(i + 0.5), y(risk)], [x(Math.min(i + 1.5, LONGEST)), y(risk)]]);
    return [
      svg("path", { class: "level", d: `M${x.from} ${px(y(m.least))}H${x.to}` }),
      text(x.to - 2, y(m.least) + 15, "end", `best possible ${fixed(m.least, 2)}`, "tick"),
      line(steps, "curve true-risk"), axes(x, y, ["patience", "true risk of what is kept"]),
      svg("path", { class: "now", d: `M${px(x(m.patience))} ${BOX.top}V${BOX.bottom}` }),
      dot("true-risk", x(m.patience), y(m.risk)),
    ];
  }

  const OPTIONS = { 0: "the lab’s", ...Object.fromEntries(data.runs.slice(1).map((_, i) => [i + 1, String(i + 1)])) };

  explorers.add("patience", (ui) => {
    ui.label("Early stopping by the validation loss");
    const run = ui.picture({ caption: "Dots: the epoch that is kept. Circle: the lowest true risk of the run." });
    const cost = ui.picture({ caption: "The true risk of the weights that each patience keeps." });
    const patience = ui.slider("patience", { label: "Patience", min: 1, max: LONGEST, value: 5, say: String, spell: (n) => `${n} ${n === 1 ? "epoch" : "epochs"}` });
    ui.play(patience, { seconds: 8 });
    const table = ui.choice("table", { label: "Simulated table", options: OPTIONS, value: "0" });
    ui.draw(() => {
      const m = measure({ table: Number(table.value), patience: patience.value });
      run.draw(...drawRun(m, `${ui.prefix}-clip`));
      run.describe(`Training loss, validation loss and true risk over the epochs. The validation loss is lowest, up to epoch ${m.stopped}, at epoch ${m.kept}; the true risk of the whole run at epoch ${m.best}.`);
      cost.draw(...drawCost(m));
      cost.describe(`The true risk that each patience from 1 to ${LONGEST} pays, with a mark at patience ${m.patience}, ${fixed(m.risk, 2)}, and a level at the best possible, ${fixed(m.least, 2)}.`);
      ui.say(tell(m));
      ui.numbers(m);
    });
  }, { data, stop, measure, tell });
}
