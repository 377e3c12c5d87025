// Mark one element of each look that was not seen before on this page, and return how many there are: what decides its contrast is
// the same for all others of that look.
() => {
  const looks = (window.looks ??= new Set()), known = looks.size;
  document.querySelectorAll("[data-sample]").forEach((element) => delete element.dataset.sample);
  for (const element of document.body.querySelectorAll("*")) {
    // axe judges no text of one character, such as a quotation mark.
    const words = [...element.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && /[\p{L}\p{N}]{2}/u.test(n.textContent));
    if (!words && element.tagName !== "INPUT") continue;
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const style = getComputedStyle(element), grounds = [];
    let opacity = 1;
    for (let up = element; up; up = up.parentElement) {
      const s = getComputedStyle(up);
      opacity *= s.opacity;
      if (s.backgroundColor !== "rgba(0, 0, 0, 0)" || s.backgroundImage !== "none") grounds.push(s.backgroundColor + s.backgroundImage);
    }
    const link = element.closest("a[href]");
    const around = link && link.parentElement ? getComputedStyle(link.parentElement).color + getComputedStyle(link).textDecorationLine : "";
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700); // as WCAG has it
    const look = [style.color, large, opacity, around, grounds.join()].join("|");
    if (looks.has(look)) continue;
    looks.add(look);
    (link || element).dataset.sample = element.dataset.sample = "";
  }
  return looks.size - known;
}
