// The predict prompts of a lab's page: a form each, whose answer is kept for the visit and shown beside what came out.
// The page is whole without this file. The rules of the sentences are those of labkit.Predict; a test compares the two.
(() => {
  "use strict";

  const forms = [...document.querySelectorAll("form.predict")];
  const key = `predictions ${location.pathname}`;

  // A browser may forbid a page to keep anything: then a prediction lasts as long as the page.
  const kept = (() => { try { return JSON.parse(sessionStorage.getItem(key)) ?? {}; } catch { return {}; } })();
  const keep = () => { try { sessionStorage.setItem(key, JSON.stringify(kept)); } catch { /* nowhere to keep it */ } };

  // ---------------------------------------------------------------- numbers, as Python writes them

  // Three digits, as by `.3g`: Python rounds a 5 at the end to the even digit, JavaScript away from zero.
  const threeDigits = (number) => {
    if (!Number.isFinite(number)) return String(number).replace("Infinity", "inf");
    if (number === 0) return "0";
    let [digits, exponent] = Math.abs(number).toExponential(2).split("e");
    const exact = Math.abs(number).toExponential(60);
    if (/^\d\.\d[02468]50*e/.test(exact)) [digits, exponent] = [exact.slice(0, 4), exact.split("e")[1]];
    const power = Number(exponent), sign = number < 0 ? "-" : "";
    const bare = (text) => text.replace(/\.?0+$/, "");
    if (power >= -4 && power < 3) {
      const fixed = Number(`${digits}e${exponent}`).toFixed(2 - power);
      return sign + (fixed.includes(".") ? bare(fixed) : fixed);
    }
    return `${sign}${bare(digits)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  };
  const short = (number) => {
    const size = Math.abs(number);
    if (!(Math.abs(Number(threeDigits(number))) >= 1000 && size < 1e9)) return threeDigits(number);
    const floor = Math.floor(size), rest = size - floor;
    const whole = rest > 0.5 || (rest === 0.5 && floor % 2) ? floor + 1 : floor;
    return (number < 0 ? "-" : "") + String(whole).replace(/\B(?=(\d{3})+$)/g, ",");
  };
  const asWritten = (number) => Number(short(number).replaceAll(",", ""));

  // ---------------------------------------------------------------- what was said, beside what came out

  const nearness = (said, came, after) => {
    if (said === came) return "as you said";
    if (typeof said === "string") return "worth a thought";
    if (Math.min(said, came) < 0 && Math.max(said, came) > 0) return "of the other sign";
    if (said === 0 || came === 0) return `${short(Math.abs(said - came))}${after} apart`;
    const times = said / came;
    if (times >= 0.5 && times <= 2) {
      const percent = Math.ceil(Math.round(1e8 * Math.abs(times - 1)) / 1e6);
      return `within ${Math.max(percent, 1)} %`;
    }
    return times > 2 ? `${short(times)} times as large` : `1/${short(came / said)} of it`;
  };

  // A number as people type it, with the unit or without: 1,000 is a thousand, 0,5 a half, 1/3 a third.
  const typed = (text, unit) => {
    let number = text.trim().replace(/[−–]/g, "-");
    if (unit && number.endsWith(unit)) number = number.slice(0, -unit.length).trim();
    if (/^[-+]?\d{1,3}(,\d{3})+(\.\d*)?$/.test(number)) number = number.replaceAll(",", "");
    number = number.replace(",", ".");
    const [over, under, ...more] = number.split("/");
    const plain = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i;
    if (more.length || ![over, under ?? "1"].every((part) => plain.test(part))) return null;
    const value = Number(over) / Number(under ?? 1);
    return Number.isFinite(value) ? value : null;
  };

  const show = (form, said) => {
    const { name, kind, unit } = form.dataset;
    const after = unit ? ` ${unit}` : "", written = kind === "number" ? short(said) + after : said;
    const status = form.querySelector(".predict-said"), outcome = document.getElementById(`outcome-${name}`);
    status.textContent = `You said ${written}. `;
    form.classList.add("predicted");
    for (const button of form.querySelectorAll("button[value]")) button.setAttribute("aria-pressed", String(button.value === said));
    for (const field of form.querySelectorAll("input")) {
      if (field.type === "radio") field.checked = field.value === said;
      else field.removeAttribute("aria-invalid");
    }
    if (!outcome) return;
    const link = Object.assign(document.createElement("a"), { href: `#${outcome.id}`, textContent: "To what came out" });
    status.append(link);
    const { came, shown } = outcome.dataset;
    const near = kind === "number" ? nearness(asWritten(said), Number(came), after) : nearness(said, came, after);
    (outcome.querySelector("code") ?? outcome).textContent = `You said ${written}, it is ${shown}: ${near}.`;
    outcome.classList.add("predicted");
  };

  const ask = (form, words) => {
    const field = form.querySelector("input");
    form.querySelector(".predict-said").textContent = words;
    if (field.type !== "radio") field.setAttribute("aria-invalid", "true");
    field.focus();
  };

  forms.forEach((form) => {
    const { name, kind, unit } = form.dataset;
    form.classList.add("live");
    form.querySelector(".predict-answer").hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const value = kind === "sign" ? event.submitter?.value : new FormData(form).get("prediction");
      const said = kind === "number" ? typed(value, unit) : value;
      if (kind === "number" && said === null) return ask(form, "Not noted: write a number, such as 2, 0.5 or 1e-3.");
      if (!said && said !== 0) return ask(form, "Not noted: choose one first.");
      kept[name] = said;
      keep();
      show(form, said);
    });
    if (!Object.hasOwn(kept, name)) return;
    if (kind === "number") form.querySelector("input").value = String(kept[name]);
    show(form, kept[name]);
  });
})();
