// The border between two spirals over the epochs of lab 5's training. The maps are stored, 36 by 36, and drawn here:
// in a browser's console `explorers.figures.spirals.probabilities(50)` is the network's answer after the last epoch.
"use strict";

{
  const { fixed, html, svg, px, text, line, scale, axes } = explorers;
  const data = explorers.data.spirals, { side } = data, EPOCHS = data.loss.length;

  // ------------------------------------------------------------------ the maps

  /** The logits of class 1 after an epoch, row by row from the lowest: a byte holds each as a share of the largest. */
  const logits = (epoch) =>
    Array.from(atob(data.maps[epoch]), (byte) => ((byte.charCodeAt(0) - 128) / 127) * data.scale[epoch]);
  const probability = (logit) => 1 / (1 + Math.exp(-logit));
  const probabilities = (epoch) => logits(epoch).map(probability);

  /** The line of logit 0 by marching squares: pieces, each from a point to a point, in steps of the grid. */
  function border(values) {
    const pieces = [];
    for (let v = 0; v + 1 < side; v++) {
      for (let u = 0; u + 1 < side; u++) {
        const corners = [[u, v], [u + 1, v], [u + 1, v + 1], [u, v + 1]];
        const at = corners.map(([i, j]) => values[j * side + i]);
        /** Where the edge from a corner to the next is crossed. */
        const cross = (a) => {
          const b = (a + 1) % 4, share = at[a] / (at[a] - at[b]);
          return [0, 1].map((k) => corners[a][k] + share * (corners[b][k] - corners[a][k]));
        };
        const edges = [0, 1, 2, 3].filter((a) => at[a] >= 0 !== at[(a + 1) % 4] >= 0);
        if (edges.length === 2) pieces.push(edges.map(cross));
        if (edges.length < 4) continue;
        const joined = at[0] >= 0 === at[0] + at[1] + at[2] + at[3] >= 0;   // corners 0 and 2, by the middle
        for (const pair of joined ? [[0, 1], [2, 3]] : [[3, 0], [1, 2]]) pieces.push(pair.map(cross));
      }
    }
    return pieces;
  }

  const FINER = 4;   // points drawn for each of the grid: those of the lab's own map
  /** The same map with points in between, on straight lines. */
  function finer(values) {
    const size = (side - 1) * FINER + 1, found = new Float64Array(size * size);
    for (let j = 0; j < size; j++) {
      const v = Math.min(Math.floor(j / FINER), side - 2), t = j / FINER - v;
      for (let i = 0; i < size; i++) {
        const u = Math.min(Math.floor(i / FINER), side - 2), s = i / FINER - u, at = v * side + u;
        const [low, high] = [at, at + side].map((k) => (1 - s) * values[k] + s * values[k + 1]);
        found[j * size + i] = (1 - t) * low + t * high;
      }
    }
    return { size, values: found };
  }

  // ------------------------------------------------------------------ the numbers

  /** What the lab has recorded of an epoch, with the span of the map and the best epoch so far. */
  function measure(epoch) {
    const map = probabilities(epoch), so_far = data.val_accuracy.slice(0, epoch);
    const [loss, accuracy, valLoss, valAccuracy] =
      ["loss", "accuracy", "val_loss", "val_accuracy"].map((key) => (epoch ? data[key][epoch - 1] : null));
    const best = so_far.length ? so_far.indexOf(Math.max(...so_far)) + 1 : null;
    return { epoch, loss, accuracy, valLoss, valAccuracy, best, low: Math.min(...map), high: Math.max(...map) };
  }
  const percent = (share) => `${fixed(100 * share, 0)} %`;

  function tell(m) {
    if (!m.epoch) {
      return `Before the first step the network is undecided: all over the map its probability of class 1 lies between ${fixed(m.low, 2)} and ${fixed(m.high, 2)}.`;
    }
    const past = m.best < m.epoch ? ` At epoch ${m.best} it was ${percent(data.val_accuracy[m.best - 1])}.` : "";
    return `Epoch ${m.epoch}: the network gets ${percent(m.valAccuracy)} of the validation rows right, at a loss of ${fixed(m.valLoss, 3)} (training rows: ${percent(m.accuracy)}, ${fixed(m.loss, 3)}).${past}`;
  }

  // ------------------------------------------------------------------ pictures

  /** A map in two colours, each the stronger the more probable its class is; none where both are equal. */
  function colours(fine, [class0, class1]) {
    const { size } = fine, canvas = html("canvas", { width: size, height: size });
    const context = canvas.getContext("2d"), image = context.createImageData(size, size);
    for (let k = 0; k < size * size; k++) {
      const lean = 2 * probability(fine.values[k]) - 1, at = (size - 1 - Math.floor(k / size)) * size + (k % size);   // from the top
      image.data.set([...(lean < 0 ? class0 : class1), Math.round(255 * Math.abs(lean))], 4 * at);
    }
    context.putImageData(image, 0, 0);
    return canvas;
  }

  /** Draw what stays of the plane, its points and axes; what comes back draws the map of an epoch and its border. */
  function plane(picture, box, named) {
    const [, , width, height] = picture.element.getAttribute("viewBox").split(" ").map(Number), SHARP = 3;
    const x = scale(data.span, [box.left, box.right], { many: 3 }), y = scale(data.span, [box.bottom, box.top], { many: 3 });
    const step = (x.to - x.from) / (side - 1), half = step / FINER / 2;   // a pixel lies around its point
    const sheet = html("canvas", { width: SHARP * width, height: SHARP * height, "aria-hidden": "true" });
    const context = sheet.getContext("2d"), line_ = svg("path", { class: "border" });
    context.scale(SHARP, SHARP);
    picture.figure.prepend(sheet);
    const points = [0, 1].map((k) => data.points.filter((_, i) => data.y[i] === k).map(([u, v]) => [x(u), y(v)]));
    const circles = points[0].map(([u, v]) => `M${px(u)} ${px(v)}h0`).join("");
    const triangles = points[1].map(([u, v]) => `M${px(u)} ${px(v - 2.3)}l2.1 3.7h-4.2z`).join("");
    picture.draw(
      svg("path", { class: "points class-0", d: circles }), svg("path", { class: "points class-1", d: triangles }), line_,
      named ? axes(x, y, ["x1", "x2"]) : "",
    );
    return (epoch) => {
      const values = logits(epoch), at = ([u, v]) => `${px(x.from + u * step)} ${px(y.from - v * step)}`;
      const [circle, triangle] = picture.element.querySelectorAll(".points");
      const paints = [getComputedStyle(circle).stroke, getComputedStyle(triangle).fill].map((paint) => paint.match(/\d+/g).slice(0, 3));
      context.clearRect(0, 0, width, height);
      context.save();
      context.beginPath();
      context.rect(box.left, box.top, box.right - box.left, box.bottom - box.top);
      context.clip();
      context.drawImage(colours(finer(values), paints), x.from - half, y.to - half, x.to - x.from + 2 * half, y.from - y.to + 2 * half);
      context.restore();
      line_.setAttribute("d", border(values).map(([from, to]) => `M${at(from)}L${at(to)}`).join(""));
    };
  }

  /** One panel of the curves: solid for the training rows, dashed for the validation rows, strong up to this epoch. */
  function panel(epoch, key, box, span, names) {
    const x = scale([0, EPOCHS], [box.left, box.right], { many: box.right < 300 ? 2 : 5 }), y = scale(span, [box.bottom, box.top], { many: 3 });
    const group = svg("g", {}, axes(names[0] ? x : { ...x, marks: [] }, y, names));
    group.append(svg("path", { class: "now", d: `M${px(x(epoch))} ${box.top}V${box.bottom}` }));
    for (const [kind, values] of [["training", data[key]], ["validation", data[`val_${key}`]]]) {
      const points = values.map((value, i) => [x(i + 1), y(value)]);
      group.append(line(points, `curve ${kind} later`));
      if (epoch) group.append(line(points.slice(0, epoch), `curve ${kind}`));
      if (epoch) group.append(svg("circle", { class: `mark ${kind}`, cx: px(points[epoch - 1][0]), cy: px(points[epoch - 1][1]), r: 3.6 }));
    }
    return group;
  }

  explorers.add("spirals", (ui) => {
    // On the front page, where no picture of the lab's stays above, it is small and plays once by itself.
    const alone = !ui.place.querySelector(".cell-output-display");
    ui.place.classList.toggle("alone", alone);
    ui.label("The border between two spirals over the training");
    const map = ui.picture({ width: 360, height: alone ? 360 : 344, caption: alone ? "" : "The colour is that of the class that the network holds for the more probable; the line is the border." });
    const curves = ui.picture({ width: alone ? 190 : 360, height: alone ? 360 : 344, caption: alone ? "" : "Solid: the training rows. Dashed: the validation rows." });
    const epoch = ui.slider("epoch", { label: "Epoch", min: 0, max: EPOCHS, value: alone ? 0 : 25, say: String, spell: (n) => `epoch ${n}` });
    ui.play(epoch, { seconds: alone ? 4.5 : 6, auto: alone });

    const draw = plane(map, alone ? { left: 1, right: 359, top: 1, bottom: 359 } : { left: 48, right: 350, top: 1, bottom: 303 }, !alone);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => ui.changed({ speak: false }));
    const right = alone ? 178 : 350, bottom = alone ? 320 : 303, middle = bottom / 2;
    const highest = Math.max(...data.loss, ...data.val_loss);
    ui.draw(() => {
      const m = measure(epoch.value);
      draw(m.epoch);
      map.describe(`Two spirals of points, and a map of the class that is the more probable after epoch ${m.epoch}; the probability of class 1 lies between ${fixed(m.low, 2)} and ${fixed(m.high, 2)}.`);
      curves.draw(
        panel(m.epoch, "loss", { left: 48, right, top: 6, bottom: middle - 6 }, [0, 1.05 * highest], ["", "loss"]),
        panel(m.epoch, "accuracy", { left: 48, right, top: middle + 8, bottom }, [0.4, 1], ["epoch", "accuracy"]),
      );
      curves.describe(`Loss and accuracy over ${EPOCHS} epochs, on the training and on the validation rows, with a mark at epoch ${m.epoch}.`);
      ui.say(tell(m));
      ui.numbers(m);
    });
  }, { data, logits, probabilities, border, finer, measure, tell });
}
