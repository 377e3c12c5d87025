// What is wrong with the text of the page as it is laid out now: a list of sentences.
() => {
  const found = [];
  const say = (what, node) => {
    const text = node.textContent.trim().replace(/\s+/g, " ").slice(0, 60);
    const where = node.parentElement.closest("[id], main, header, nav, footer");
    found.push(`${what}: "${text}" in ${where ? where.tagName.toLowerCase() + (where.id && "#" + where.id) : "body"}`);
  };
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push(`the page is ${root.scrollWidth} px wide, the window ${root.clientWidth}`);

  // Whatever scrolls sideways must not scroll up and down as well: a bar would cover its last line.
  for (const box of document.querySelectorAll("main .table-box, main .math.display, main pre"))
    if (box.checkVisibility() && box.scrollHeight > box.clientHeight + 1) say(`is cut off by ${box.scrollHeight - box.clientHeight} px below`, box.firstChild);

  // A formula is not read by scrolling: it is broken into lines.
  for (const formula of document.querySelectorAll("main .math.display"))
    if (formula.checkVisibility() && formula.scrollWidth > formula.clientWidth + 1) say(`is ${formula.scrollWidth - formula.clientWidth} px too wide`, formula.firstChild);

  // Each line of text, cut to what its scrolling ancestors show of it.
  const lines = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const boxes = new Map();
  const box = (element) => {
    if (!boxes.has(element)) {
      const style = getComputedStyle(element), r = element.getBoundingClientRect();
      const cuts = (o) => (o === "visible" ? "" : o === "hidden" || o === "clip" ? "hides" : "scrolls");
      const inline = style.display === "inline" || style.display === "contents";
      const x = inline ? "" : cuts(style.overflowX), y = inline ? "" : cuts(style.overflowY);
      const seen = element.checkVisibility({ visibilityProperty: true, opacityProperty: true, contentVisibilityAuto: true });
      boxes.set(element, { x, y, seen, left: r.left, right: r.right, top: r.top, bottom: r.bottom, fixed: style.position === "fixed" });
    }
    return boxes.get(element);
  };
  for (let node; (node = walker.nextNode()); ) {
    const parent = node.parentElement;
    if (!node.textContent.trim() || !box(parent).seen || parent.closest("script, style, noscript, annotation, .visually-hidden")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const r of range.getClientRects()) {
      if (r.width < 1 || r.height < 1) continue;
      const line = { node, left: r.left, right: r.right, top: r.top, bottom: r.bottom };
      for (let up = parent; up && up !== document.body; up = up.parentElement) {
        const b = box(up);
        const gone = { x: Math.max(b.left - line.left, line.right - b.right), y: Math.max(b.top - line.top, line.bottom - b.bottom) };
        if (b.x === "hides" && gone.x > 2) say(`is cut off by ${Math.round(gone.x)} px at its side`, node);
        if (b.y === "hides" && gone.y > line.bottom - line.top - 2) say("is cut off above or below", node);
        if (b.x) { line.left = Math.max(line.left, b.left); line.right = Math.min(line.right, b.right); }
        if (b.y) { line.top = Math.max(line.top, b.top); line.bottom = Math.min(line.bottom, b.bottom); }
        if (b.fixed) break;
      }
      // A line's box is higher than its letters, and those of neighbouring lines may touch.
      const height = line.bottom - line.top;
      line.top += 0.25 * height; line.bottom -= 0.25 * height;
      if (line.right - line.left > 1 && line.bottom - line.top > 1) {
        lines.push(line);
        if (line.left < -1 || line.right > root.clientWidth + 1) say("is outside the window", node);
      }
    }
  }
  lines.sort((a, b) => a.top - b.top);
  for (let i = 0; i < lines.length; i++)
    for (let j = i + 1; j < lines.length && lines[j].top < lines[i].bottom; j++) {
      const a = lines[i], b = lines[j];
      const accent = a.node.parentElement.closest("mover, munder, munderover"); // it belongs on its letter
      if (accent && accent.contains(b.node)) continue;
      if (a.node !== b.node && Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - b.top > 2)
        say(`lies on "${a.node.textContent.trim().slice(0, 40)}"`, b.node);
    }
  return [...new Set(found)];
}
