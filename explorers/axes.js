// What the figures share that one can move, first part: numbers as they are read, elements, scales and axes.
"use strict";

window.explorers = (() => {
  // ------------------------------------------------------------------ numbers and words

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
  /** A number with so many decimals, never −0.00. */
  const fixed = (x, decimals) => x.toFixed(decimals).replace(/^-(?=[\d.]*[1-9])/, "−").replace(/^-/, "");
  /** A setting as it is typed: no zeros that say nothing. */
  const plain = (x) => x.toLocaleString("en", { maximumSignificantDigits: 3 }).replace("-", "−");
  /** How many of what: 1 step, 2,000 steps. */
  const counted = (n, what) => `${n.toLocaleString("en")} ${n === 1 ? what : `${what}s`}`;

  /** Numbers that were written as text: 32 bits each, the lowest byte first. */
  function unpack(packed) {
    const view = new DataView(Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0)).buffer);
    return Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
  }

  // ------------------------------------------------------------------ elements, scales and axes

  function fill(element, attributes, children) {
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }
  const html = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
  const svg = (name, attributes = {}, ...children) =>
    fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
  const px = (x) => x.toFixed(1);
  const text = (x, y, anchor, words, kind = "tick") =>
    svg("text", { x: px(x), y: px(y), "text-anchor": anchor, class: kind }, words);
  /** A line through points, each [x, y] in pixels. */
  const line = (points, kind = "run") =>
    svg("path", { class: kind, d: points.map(([x, y], i) => `${i ? "L" : "M"}${px(x)} ${px(y)}`).join("") });

  /** A round number, 1, 2 or 5 with zeros, that is not below x. */
  function roundUp(x) {
    const ten = 10 ** Math.floor(Math.log10(x));
    return [1, 2, 5, 10].find((m) => m * ten >= x) * ten;
  }
  /** Round numbers from low to high, about `many` of them. */
  function ticks(low, high, many = 5) {
    const gap = roundUp((high - low) / many), found = [];
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
  /** From a number to a pixel; `invert` leads back, `marks` are round numbers with their words. */
  function scale([low, high], [from, to], { log = false, many } = {}) {
    const f = log ? Math.log10 : (x) => x, back = log ? (u) => 10 ** u : (u) => u;
    const at = (x) => from + ((f(x) - f(low)) / (f(high) - f(low))) * (to - from);
    const words = (t) => (log && (t < 0.001 || t > 1000) ? power(Math.round(Math.log10(t))) : plain(t));
    return Object.assign(at, {
      low, high, from, to,
      invert: (pixel) => back(f(low) + ((pixel - from) / (to - from)) * (f(high) - f(low))),
      marks: (log ? logTicks(low, high) : ticks(low, high, many)).map((t) => [at(t), words(t)]),
    });
  }
  /** The two axes of a picture with marks and names: `x.marks` and `y.marks` hold [pixel, words]. */
  function axes(x, y, names) {
    const [left, right, bottom, top] = [x.from, x.to, y.from, y.to], group = svg("g");
    group.append(svg("path", { class: "axis", d: `M${left} ${top}V${bottom}H${right}` }));
    for (const [at, words] of x.marks) {
      group.append(svg("path", { class: "axis", d: `M${px(at)} ${bottom}v4` }), text(at, bottom + 17, "middle", words));
    }
    for (const [at, words] of y.marks) {
      group.append(svg("path", { class: "axis", d: `M${left} ${px(at)}h-4` }), text(left - 7, at + 4, "end", words));
    }
    group.append(text((left + right) / 2, bottom + 36, "middle", names[0], "name"));
    group.append(svg("text", { class: "name", "text-anchor": "middle", transform: `translate(12 ${(top + bottom) / 2}) rotate(-90)` }, names[1]));
    return group;
  }

  return { data: {}, figures: {}, show, fixed, plain, power, counted, unpack, html, svg, fill, px, text, line, ticks, logTicks, scale, axes };
})();
