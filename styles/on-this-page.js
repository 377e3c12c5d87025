// The list of headings follows the reader: it marks where one reads and keeps the mark in view. Without a script it is a plain list.
(() => {
  "use strict";
  const box = document.getElementById("quarto-margin-sidebar");
  const parts = [...document.querySelectorAll("#TOC .toc-heading")]
    .map((link) => ({ link, place: document.getElementById(decodeURIComponent(link.hash.slice(1))) }))
    .filter(({ place }) => place);
  if (!box || !parts.length) return;

  const bringIntoView = (link) => {
    const row = link.getBoundingClientRect(), seen = box.getBoundingClientRect(), margin = seen.height / 6;
    if (row.top < seen.top + margin || row.bottom > seen.bottom - margin) {
      box.scrollTop += (row.top + row.bottom - seen.top - seen.bottom) / 2;
    }
  };

  let current = null;
  const follow = () => {
    const root = document.documentElement, line = parseFloat(getComputedStyle(root).scrollPaddingTop) + 24;
    const isEnd = innerHeight + scrollY >= root.scrollHeight - 2;
    const read = parts.filter(({ place }) => isEnd || place.getBoundingClientRect().top <= line);
    const { link } = read.at(-1) ?? parts[0];
    if (link === current) return;
    current?.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    current = link;
    bringIntoView(link);
  };
  let asked = false;
  const ask = () => {
    if (!asked) requestAnimationFrame(() => { asked = false; follow(); });
    asked = true;
  };
  addEventListener("scroll", ask, { passive: true });
  addEventListener("resize", ask);
  follow();

  // Drawn out over the page, the list opens at the mark, and goes once it has led somewhere.
  box.addEventListener("toggle", (event) => { if (event.newState === "open") bringIntoView(current); });
  box.addEventListener("click", (event) => {
    if (event.target.closest("a") && box.matches(":popover-open")) box.hidePopover();
  });
})();
