// What the pages need of a script beyond the renderer's own, for the keyboard and for a class room. Every page reads well without it.
(() => {
  "use strict";

  // A box that scrolls sideways is a stop for the Tab key, so that the arrow keys can scroll it; one that has room enough is none.
  const boxes = [...document.querySelectorAll("main :is(pre, .table-box, .math.display)")];
  const stop = (box) => {
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  const stops = new ResizeObserver((entries) => entries.forEach(({ target }) => stop(target)));
  boxes.forEach((box) => stops.observe(box));
  // A font that comes later changes what is in a box, and not the box.
  document.fonts.addEventListener("loadingdone", () => boxes.forEach(stop));

  // A list that lies open over the page closes where the window becomes wide enough to have it beside the text.
  for (const width of [992, 1280]) { // as in layout.css
    matchMedia(`(min-width: ${width}px)`).addEventListener("change", () => {
      document.querySelectorAll("[popover]").forEach((list) => { if (list.matches(":popover-open")) list.hidePopover(); });
    });
  }

  // The course menu begins where one is, beside the text and when it is opened.
  const courseMenu = document.getElementById("quarto-sidebar");
  const showHere = () => {
    const here = courseMenu.querySelector(".sidebar-link.active");
    if (here) courseMenu.scrollTop = here.offsetTop - courseMenu.clientHeight / 2;
  };
  if (courseMenu) {
    courseMenu.addEventListener("toggle", showHere);
    showHere();
  }

  // A folded section opens for a link that leads to its heading; for one that leads into it the browser opens it.
  const unfold = () => {
    const section = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = section && section.querySelector(":scope > .folded-section");
    if (fold) fold.open = true;
    if (section && section.matches("details")) section.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();

  // Quarto's script writes / for /index.html in all links, with which a link within that page would load it again.
  document.addEventListener("DOMContentLoaded", () => {
    const [here] = location.href.split("#");
    document.querySelectorAll("a[data-original-href]").forEach((link) => {
      const [page, place] = link.dataset.originalHref.split("#");
      if (page === here && place) link.setAttribute("href", `#${place}`);
    });
  });

  // Search: in the list of results the arrows lead on and Escape leads back to the field; whoever leaves closes the list. Heard
  // before Bootstrap hears it, which takes the list for one of its own menus and throws an error.
  document.querySelectorAll(".smalldocs-search").forEach((search) => {
    const field = search.querySelector("input"), results = search.querySelector(".smalldocs-search-results");
    const close = () => results.classList.remove("show");
    window.addEventListener("keydown", (event) => {
      if (!results.contains(event.target) || !["Escape", "ArrowDown", "ArrowUp"].includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      const links = [field, ...results.querySelectorAll("a")], here = links.indexOf(event.target.closest("a"));
      const next = event.key === "Escape" ? 0 : here + (event.key === "ArrowDown" ? 1 : -1);
      (links[next] ?? links[here]).focus();
      if (event.key === "Escape") setTimeout(close, 50); // the field opens the list as it is reached
    }, true);
    search.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !search.contains(event.relatedTarget)) close();
    });
    // A browser lets no page read another file, so a page opened as a file has no index to search.
    if (location.protocol === "file:") search.hidden = true;
  });

  // Over http from a machine of the class room the browser offers no clipboard; the older way still copies.
  if (!navigator.clipboard) {
    const writeText = async (text) => {
      const carrier = document.createElement("textarea"), focused = document.activeElement;
      carrier.value = text;
      document.body.append(carrier);
      carrier.select();
      const done = document.execCommand("copy");
      carrier.remove();
      focused.focus();
      if (!done) throw new Error("the browser did not copy");
    };
    Object.defineProperty(navigator, "clipboard", { value: { writeText } });
  }
})();
