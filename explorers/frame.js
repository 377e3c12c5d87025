// What the figures share that one can move, second part: the frame with its pictures, controls and sentence.
// A figure is `explorers.add(NAME, make)`: `make(ui)` builds it and says what to draw after each change.
"use strict";

{
  const { plain, show, html, svg, fill, px } = explorers;
  let number = 0;
  const still = matchMedia("(prefers-reduced-motion: reduce)"), narrow = matchMedia("(max-width: 575.98px)");

  /** Put a figure into `place`, in which the lab's own picture or table stands for readers without a script. */
  function build(place, name, make) {
    const prefix = `explorer-${++number}`, controls = {}, redraw = [];
    const pictures = html("div", { class: "explorer-pictures" });
    const panel = html("div", { class: "explorer-controls" });
    const sentence = html("p", { class: "explorer-sentence" });
    const spoken = html("p", { class: "explorer-spoken", role: "status", "aria-live": "polite" });
    const live = html("div", { class: "explorer-live", role: "group" }, pictures, panel, sentence, spoken);
    let words = "", pause, playing = null;

    function changed({ speak = true } = {}) {
      for (const draw of redraw) draw();
      for (const control of Object.values(controls)) control.refresh();
      sentence.textContent = words;
      // A screen reader is told once the settings rest, and finds the text only once on the page.
      clearTimeout(pause);
      spoken.textContent = "";
      if (!speak) return;
      pause = setTimeout(() => {
        spoken.textContent = words;
        pause = setTimeout(() => { spoken.textContent = ""; }, 10000);
      }, 700);
    }
    function control(key, element, box, start, { read, write, refresh = () => {} }) {
      panel.append(box);
      element.addEventListener("input", () => { stop(); changed(); });
      controls[key] = {
        element, box, refresh,
        get value() { return read(); },
        set value(value) { write(value); },
        restart() { write(start); },
      };
      return controls[key];
    }
    function stop() {
      if (playing) playing();
      playing = null;
    }

    const ui = {
      place, live, changed, prefix,
      /** Name the whole for a screen reader. */
      label: (title) => live.setAttribute("aria-label", title),
      /** A picture of so many pixels, drawn anew by `draw(...children)`; `describe` says what it shows. */
      picture({ width = 360, height = 300, caption = "", wide = false, interactive = false } = {}) {
        const element = svg("svg", { role: interactive ? "group" : "img" });
        const figure = html("figure", wide ? { class: "wide" } : {}, element);
        if (caption) figure.append(html("figcaption", {}, caption));
        pictures.append(figure);
        const picture = {
          element, figure,
          box: { left: 58, right: width - 10, top: 10, bottom: height - 42 },
          draw(...children) {
            // A handle stays where it is: taken out, it would lose the pointer and the keyboard.
            const stays = children.filter((child) => child.parentNode === element), fresh = children.filter((child) => !stays.includes(child));
            for (const child of [...element.childNodes]) if (!stays.includes(child)) child.remove();
            if (stays.length) stays[0].before(...fresh);
            else element.append(...fresh);
          },
          describe: (said) => element.setAttribute("aria-label", said),
        };
        const fit = () => {   // a wide picture is drawn less wide on a telephone, so that its words stay as large
          const across = narrow.matches ? Math.min(width, 360) : width;
          element.setAttribute("viewBox", `0 0 ${across} ${height}`);
          picture.box.right = across - 10;
        };
        fit();
        narrow.addEventListener("change", () => { fit(); changed({ speak: false }); });
        return picture;
      },
      /** A slider from `min` to `max`; `at` makes the value of a position, `say` its words, for eye and ear. */
      slider(key, { label, min, max, step = 1, value, at = (position) => position, say = plain, spell = say }) {
        const id = `${prefix}-${key}`;
        const input = html("input", { type: "range", id, name: key, autocomplete: "off", min, max, step, value });
        const output = html("span", { class: "explorer-value", "aria-hidden": "true" });   // the slider says it
        const box = html("div", { class: `explorer-control explorer-${key}` }, html("label", { for: id }, label), output, input);
        return control(key, input, box, value, {
          read: () => at(Number(input.value)),
          write: (position) => { input.value = position; },
          refresh() {
            output.textContent = say(at(Number(input.value)));
            input.setAttribute("aria-valuetext", spell(at(Number(input.value))));
          },
        });
      },
      /** One of several: `options` maps each value to its words. */
      choice(key, { label, options, value }) {
        const box = html("fieldset", { class: `explorer-choice explorer-${key}` }, html("legend", {}, label));
        for (const [option, said] of Object.entries(options)) {
          const input = html("input", { type: "radio", name: `${prefix}-${key}`, value: option, autocomplete: "off" });
          input.checked = option === value;
          box.append(html("label", {}, input, html("span", {}, said)));
        }
        return control(key, box, box, value, {
          read: () => box.querySelector(":checked").value,
          write: (option) => { box.querySelector(`[value="${option}"]`).checked = true; },
        });
      },
      /** Yes or no. */
      toggle(key, { label, value = false }) {
        const input = html("input", { type: "checkbox", name: key, autocomplete: "off" });
        input.checked = value;
        return control(key, input, html("label", { class: `explorer-toggle explorer-${key}` }, input, html("span", {}, label)), value, {
          read: () => input.checked,
          write: (checked) => { input.checked = checked; },
        });
      },
      button(label, act) {
        const element = html("button", { type: "button" }, label);
        element.addEventListener("click", () => { stop(); act(); changed(); });
        panel.append(element);
        return element;
      },
      /** A button that lets a slider run to its end in so many seconds; `auto` starts it once, as the figure comes into view. */
      play(slider, { seconds = 5, auto = false } = {}) {
        const { element } = slider, button = html("button", { type: "button", class: "explorer-play" }, "Play");
        function start() {
          const [low, high, step] = [Number(element.min), Number(element.max), Number(element.step)];
          if (Number(element.value) >= high) element.value = low;
          const first = Number(element.value), begun = performance.now();
          let frame = requestAnimationFrame(function turn(now) {
            const gone = Math.max(0, now - begun) / 1000 / seconds;
            const next = Math.min(high, first + Math.floor((gone * (high - low)) / step) * step);
            if (next !== Number(element.value)) { element.value = next; changed(); }
            if (next < high) frame = requestAnimationFrame(turn);
            else stop();
          });
          button.textContent = "Pause";
          playing = () => { cancelAnimationFrame(frame); button.textContent = "Play"; };
        }
        button.addEventListener("click", () => (playing ? stop() : start()));
        panel.append(button);
        if (auto && !still.matches) {
          new IntersectionObserver(([seen], watch) => {
            if (!seen.isIntersecting) return;
            watch.disconnect();
            start();
          }, { threshold: 0.6 }).observe(live);
        }
        return button;
      },
      /** Make a point of a picture one that is dragged by mouse, finger or arrow keys; append what comes back. */
      handle(picture, { label, x, y, get, set }) {
        const dot = svg("circle", { class: "handle", r: 9, tabindex: 0, role: "slider" });
        const within = (at, { low, high }) => Math.min(Math.max(at, Math.min(low, high)), Math.max(low, high));
        const put = (u, v) => { stop(); set([within(u, x()), within(v, y())]); changed(); };
        dot.addEventListener("pointerdown", (event) => { dot.setPointerCapture(event.pointerId); event.preventDefault(); dot.focus(); });
        dot.addEventListener("pointermove", (event) => {
          if (!dot.hasPointerCapture(event.pointerId)) return;
          const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.element.getScreenCTM().inverse());
          put(x().invert(at.x), y().invert(at.y));
        });
        dot.addEventListener("keydown", (event) => {
          const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
          if (!move) return;
          event.preventDefault();
          const [u, v] = get(), size = (event.shiftKey ? 1 : 5) / 200;
          put(u + move[0] * size * Math.abs(x().high - x().low), v + move[1] * size * Math.abs(y().high - y().low));
        });
        return () => {
          const [u, v] = get(), at = `${show(u, 3)}, ${show(v, 3)}`;
          return fill(dot, { cx: px(x()(u)), cy: px(y()(v)), "aria-label": label, "aria-valuenow": u, "aria-valuetext": at }, []);
        };
      },
      /** A table of numbers at the end, a row for each [label, key]; what comes back fills it with values by key. */
      table(caption, rows) {
        const cells = {}, body = html("tbody");
        for (const [label, key] of rows) {
          cells[key] = html("td", { class: "number" });
          body.append(html("tr", {}, html("th", { scope: "row" }, label), cells[key]));
        }
        const table = html("table", {}, html("caption", {}, caption), body);
        live.append(html("div", { class: "table-box" }, table));   // scrolls where the page is narrow
        return (values) => {
          for (const [key, cell] of Object.entries(cells)) {
            cell.textContent = show(values[key]);
            cell.dataset[key] = String(values[key]);
          }
        };
      },
      /** The result in a sentence or a few, written and read out. */
      say: (sentences) => { words = sentences; },
      /** The numbers in full, for a test and for the curious. */
      numbers: (values) => { for (const [key, value] of Object.entries(values)) place.dataset[key] = String(value ?? ""); },
      /** What to draw after each change. */
      draw: (act) => redraw.push(act),
      restart() { for (const each of Object.values(controls)) each.restart(); },
    };
    make(ui);
    place.classList.add("live");
    place.append(live);
    changed({ speak: false });
  }

  /** Build a figure wherever the page has a place for it; `parts` are what a test or a console may call. */
  explorers.add = (name, make, parts = {}) => {
    explorers.figures[name] = parts;
    document.querySelectorAll(`[data-explorer="${name}"]`).forEach((place) => build(place, name, make));
  };
}
