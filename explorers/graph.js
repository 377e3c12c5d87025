// Lab 3's engine, step by step: a graph of numbers is computed forward, and gradients flow back along its edges.
// In a console, with `const g = explorers.figures.graph`, `g.run(g.data.chain, {x: 2}, g.script(g.data.chain, ["y", "h"])).grads` is the lab's.
"use strict";

{
  const { plain, svg, px, text } = explorers;
  const data = explorers.data.graph;

  /** The lab's elementary steps: the result, and its slope with respect to each parent. */
  const STEPS = {
    "+": (a, b) => [a + b, 1, 1],
    "−": (a, b) => [a - b, 1, -1],
    "×": (a, b) => [a * b, b, a],
    "power 2": (a) => [a ** 2, 2 * a],
  };
  const RESET = "reset";
  const isConstant = (name) => /^\d/.test(name);   // a 3 in the code: no leaf that asks for a gradient
  const parentsOf = (nodes, name) => nodes.find((node) => node.name === name).parents;

  /** The forward pass: all values, and on each edge the slope that is written down on the way. */
  function forward(nodes, leaves) {
    const values = {}, slopes = {};
    for (const { name, parents, step, value } of nodes) {
      if (step) [values[name], ...slopes[name]] = STEPS[step](...parents.map((parent) => values[parent]));
      else values[name] = leaves[name] ?? value;
    }
    return { values, slopes };
  }

  /** All values behind a result, each after its parents: the lab's `in_order`. */
  function inOrder(nodes, end) {
    const order = [], seen = new Set(), tasks = [["look", end]];
    while (tasks.length) {
      const [task, name] = tasks.pop();
      if (task === "add") order.push(name);
      else if (!seen.has(name)) {
        seen.add(name);
        tasks.push(["add", name], ...parentsOf(nodes, name).map((parent) => ["look", parent]));
      }
    }
    return order;
  }

  /** What happens, one thing after the other: each value, then what each call of `backward` does, or a reset. */
  function script(nodes, calls) {
    const events = nodes.filter(({ step }) => step).map(({ name }) => ({ kind: "forward", name }));
    calls.forEach((end, call) => {
      if (end === RESET) return events.push({ kind: RESET, call });
      events.push({ kind: "begin", end, call });
      for (const name of inOrder(nodes, end).reverse()) {
        parentsOf(nodes, name).forEach((parent, k) => {
          if (!isConstant(parent)) events.push({ kind: "edge", name, parent, k, end, call });
        });
      }
    });
    return events;
  }

  /** Gradients after these events, as the lab's `backward` forms them: only leaves keep theirs from call to call. */
  function run(nodes, leaves, events) {
    const { values, slopes } = forward(nodes, leaves), grads = {}, record = [];
    let held = {};   // as a call of backward found them
    for (const event of events) {
      const { kind, name, parent, k, end, call } = event;
      if (kind === "begin") {
        for (const each of inOrder(nodes, end)) if (parentsOf(nodes, each).length) grads[each] = 0;
        held = { ...grads };
        grads[end] = 1;
      } else if (kind === RESET) {
        for (const each of Object.keys(grads)) {
          if (parentsOf(nodes, each).length) delete grads[each];
          else grads[each] = 0;
        }
      }
      if (kind !== "edge") { record.push(event); continue; }
      const before = grads[parent] ?? 0, slope = slopes[name][k], from = grads[name], brought = slope * from;
      grads[parent] = before + brought;
      const met = record.some((other) => other.parent === parent && other.call === call);   // by another path of this call
      record.push({ ...event, before, slope, from, brought, after: grads[parent], held: held[parent] ?? 0, met });
    }
    return { values, slopes, grads, record };
  }

  // ------------------------------------------------------------------ words

  const FORMULAS = { "+": (a, b) => `${a} + ${b}`, "−": (a, b) => `${a} − ${b}`, "×": (a, b) => `${a} × ${b}`, "power 2": (a) => `${a}²` };
  const number = (x) => plain(Math.abs(x) < 1e-12 ? 0 : x);
  const inside = (x) => (x < 0 && number(x) !== "0" ? `(${number(x)})` : number(x));   // of a formula
  const formula = ({ step, parents }, say = (name) => name) => FORMULAS[step](...parents.map(say));

  /** The present step in words. */
  function tell(nodes, { values, slopes, grads, record }, leaf) {
    const last = record.at(-1), named = (name) => nodes.find((node) => node.name === name);
    if (!last) return `The leaves have their values, ${leaf} = ${number(values[leaf])} among them. Step: each result is computed from its parents.`;
    const { kind, name, parent, end, call } = last;
    if (kind === "forward") {
      const kept = named(name).parents.map((p, k) => [p, slopes[name][k]]).filter(([p]) => !isConstant(p));
      const noted = kept.map(([p, slope]) => `d${name}/d${p} = ${number(slope)}`).join(" and ");
      return `Forward: ${name} = ${formula(named(name))} = ${formula(named(name), (p) => inside(values[p]))} = ${number(values[name])}. `
        + `Noted on the way: ${noted}.`;
    }
    if (kind === RESET) return `Reset: ${leaf}.grad is 0, and the next call of backward begins afresh.`;
    if (kind === "begin") {
      const held = call > 0 && grads[leaf] ? ` ${leaf}.grad still holds ${number(grads[leaf])}.` : "";
      return `${end}.backward() begins at the end: d${end}/d${end} = 1.${held}`;
    }
    const { from, slope, brought, before, after, held, met } = last;
    const product = `d${end}/d${name} = ${number(from)}, times d${name}/d${parent} = ${number(slope)}: `;
    const sum = `${parent}.grad = ${number(before)} ${brought < 0 ? "−" : "+"} ${number(Math.abs(brought))} = ${number(after)}`;
    const left = held ? ` Of this, ${number(held)} is left from before: nobody has reset it.` : "";
    if (met) return `${product}${number(brought)}. Two paths meet at ${parent}, and gradients add: ${sum}.${left}`;
    if (before) return `${product}${number(brought)}. Nobody has reset the gradient, so it adds: ${sum}.`;
    const ways = nodes.filter(({ parents }) => parents.includes(parent)).length;
    return ways > 1 && !parentsOf(nodes, parent).length
      ? `${product}${number(brought)} for ${parent} so far; another path leads there too.`
      : `${product}d${end}/d${parent} = ${number(after)}.`;
  }

  /** What has happened as lines of code, the last of them the present step. */
  const lines = (nodes, { values, record }) => record.map(({ kind, name, parent, end, slope, from, after }) => {
    const node = nodes.find((each) => each.name === name);
    if (kind === "forward") return `${name} = ${formula(node)}  → ${number(values[name])}`;
    if (kind === RESET) return "gradients reset";
    if (kind === "begin") return `${end}.backward()`;
    return `${parent}.grad += ${number(slope)} × ${number(from)}  → ${number(after)}`;
  });

  // ------------------------------------------------------------------ pictures

  const HEIGHT = 320, BOX = 38;
  // Where the middle of each box stands, and its width; leaves above, as in the lab's figure.
  const PLACES = {
    ridge: { t: [38, 22, 70], x: [116, 22, 70], w: [224, 22, 78], "λ": [318, 22, 74], p: [126, 92, 112], q: [240, 92, 100],
      r: [86, 172, 136], c: [276, 172, 116], s: [86, 236, 116], L: [186, 299, 150] },
    chain: { x: [180, 26, 120], y: [180, 115, 150], z: [180, 204, 150], h: [180, 293, 150] },
  };
  // The side of an edge on which its label stands: −1 left, 1 right, 0 upon it, where there is little room.
  const SIDES = { xp: -1, wp: 0, wq: 1, tr: -1, pr: 1, "λc": 1, qc: -1, rs: 1, sL: -1, cL: 1, xy: 1, yz: 1, zh: 1 };
  const ALONG = { tr: 0.82, "λc": 0.71, pr: 0.25, qc: 0.75 };   // how far along, where others stand beside the middle
  const WIDE = 7.4;   // about what a character of a label takes

  /** The boxes with values and gradients, and on each edge its slope, times the gradient that came along it. */
  function drawGraph(shape, nodes, { values, slopes, grads, record }) {
    const places = PLACES[shape], edges = svg("g"), labels = svg("g"), boxes = svg("g"), last = record.at(-1);
    const known = new Set(record.filter(({ kind }) => kind === "forward").map(({ name }) => name));
    const call = last?.call;   // a call of backward, or a reset: what earlier ones have done stands in the boxes alone
    for (const { name, parents, step } of nodes.filter((node) => places[node.name])) {
      const [x, y, width] = places[name], now = name === (last?.parent ?? last?.end ?? last?.name);
      const state = `${step ? "" : "leaf "}${now ? "present" : ""}`, shown = !step || known.has(name);
      boxes.append(svg("rect", { class: `node ${state}`, x: px(x - width / 2), y: y - BOX / 2, width, height: BOX, rx: 7 }));
      const title = step ? `${name} = ${formula(nodes.find((n) => n.name === name)).replace(/^(\S) × (\S)$/, "$1$2")}` : name;
      boxes.append(text(x, y - 3, "middle", shown ? `${title} = ${number(values[name])}` : title, shown ? "value" : "value later"));
      if (grads[name] !== undefined) boxes.append(text(x, y + 14, "middle", `grad ${number(grads[name])}`, "grad"));
      parents.forEach((parent, k) => {
        if (!places[parent]) return;
        const [u, v] = places[parent], from = [u + (x - u) * 0.12, v + BOX / 2], to = [x - (x - u) * 0.3, y - BOX / 2];
        const passed = record.findLast((e) => e.kind === "edge" && e.name === name && e.parent === parent && e.call === call);
        const current = passed && passed === last, side = SIDES[parent + name];
        const [[a, b], [c, d]] = passed ? [to, from] : [from, to], turn = (Math.atan2(d - b, c - a) * 180) / Math.PI;
        edges.append(svg("g", { class: `edge ${current ? "present" : passed ? "passed" : ""}` },
          svg("path", { class: "shaft", d: `M${px(a)} ${px(b)}L${px(c)} ${px(d)}` }),
          svg("path", { class: "head", d: "M0 0l-9 -4.5v9z", transform: `translate(${px(c)} ${px(d)}) rotate(${px(turn)})` })));
        if (!known.has(name)) return;
        const product = passed ? `${number(slopes[name][k])} × ${number(passed.from)}` : number(slopes[name][k]);
        const along = ALONG[parent + name] ?? 0.5, whole = current && parent + name !== "wp";
        const words = whole ? `${product} = ${number(passed.brought)}` : product, width = WIDE * words.length;
        const [left, right] = [[width, 0], [width / 2, width / 2], [0, width]][side + 1];   // of its anchor, inside the picture
        const at = Math.min(Math.max(from[0] + along * (to[0] - from[0]) + 7 * side, 3 + left), 357 - right);
        labels.append(text(at, from[1] + along * (to[1] - from[1]) + 4, ["end", "middle", "start"][side + 1], words,
          `slope ${current ? "present" : passed ? "passed" : ""}`));
      });
    }
    return [edges, boxes, labels];
  }

  function drawLines(written) {
    const room = 16, shown = written.length > room ? ["…", ...written.slice(1 - room)] : written;
    return [text(12, 20, "start", "What has happened", "name"), ...shown.map((words, i) =>
      text(12, 42 + 17.5 * i, "start", words, `code ${i === shown.length - 1 ? "present" : ""}`))];
  }

  const LEAF = { ridge: "w", chain: "x" }, END = { ridge: "L", chain: "h" };
  const CALLS = { ridge: ["L"], chain: ["y", "h"] };   // the lab's own

  explorers.add("graph", (ui) => {
    let calls = CALLS.ridge, before = "ridge";
    ui.label("A graph of numbers, forward and backward");
    const picture = ui.picture({ height: HEIGHT, caption: "In each box a value and its gradient; on each edge its slope, then times the gradient that flows back." });
    const list = ui.picture({ height: HEIGHT });
    const shape = ui.choice("shape", { label: "Expression", value: "ridge", options: { ridge: "(t − wx)² + λw²", chain: "3x² + 1" } });
    const step = ui.slider("step", {
      label: "Step", min: 0, max: script(data.ridge, calls).length, value: script(data.ridge, calls).length,
      say: (n) => `${n} of ${step.element.max}`,
    });
    const leaf = ui.slider("leaf", { label: "Value of w", min: -3, max: 3, step: 0.1, value: 2 });
    const events = () => script(data[shape.value], calls);
    const toEnd = () => { step.element.max = events().length; step.value = events().length; };
    /** Call `backward`, or reset: after what has begun so far, and to the end of it. */
    function call(what) {
      const begun = events().slice(0, step.value).reduce((most, event) => Math.max(most, (event.call ?? -1) + 1), 0);
      calls = [...calls.slice(0, begun), what];
      toEnd();
    }
    ui.play(step, { seconds: 18 });
    const back = ui.button("Back", () => { step.value -= 1; });
    const next = ui.button("Step", () => { step.value += 1; });
    const whole = ui.button("L.backward()", () => call(END[shape.value]));
    const half = ui.button("y.backward()", () => call("y"));
    ui.button("Reset gradients", () => call(RESET));

    ui.draw(() => {
      const name = shape.value, nodes = data[name];
      if (name !== before) {
        [before, calls] = [name, CALLS[name]];
        toEnd();
      }
      whole.textContent = `${END[name]}.backward()`;
      half.hidden = name !== "chain";
      // Not `disabled`, which would take the keyboard away from who steps to the end.
      back.setAttribute("aria-disabled", step.value === 0);
      next.setAttribute("aria-disabled", step.value === events().length);
      leaf.box.querySelector("label").textContent = `Value of ${LEAF[name]}`;
      const state = run(nodes, { [LEAF[name]]: leaf.value }, events().slice(0, step.value)), said = tell(nodes, state, LEAF[name]);
      picture.draw(...drawGraph(name, nodes, state));
      const gradients = Object.entries(state.grads).map(([each, g]) => `${each} ${number(g)}`).join(", ");
      picture.describe(`A graph from the leaves above to ${END[name]} below. ${gradients ? `Gradients: ${gradients}.` : "No gradient yet."}`);
      list.draw(...drawLines(lines(nodes, state)));
      list.describe(`What has happened, as lines of code: ${lines(nodes, state).join("; ") || "nothing yet"}.`);
      ui.say(said);
      ui.numbers({ step: step.value, steps: events().length, leaf: leaf.value, value: state.values[END[name]], grad: state.grads[LEAF[name]], calls: calls.join(" ") });
    });
  }, { data, forward, inOrder, script, run, tell, RESET });
}
