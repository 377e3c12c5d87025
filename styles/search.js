// What is found, and in which order, under both renderers, whose scripts ask `Fuse` for it. Theirs looks for anything alike, so that it
// always finds something; this one finds the parts that hold every word, or the beginning of it: terms first, then titles, then texts.
(() => {
  "use strict";

  const plain = (text) => (text ?? "").toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "").replace(/[’']/g, "'");
  const words = (text) => plain(text).match(/[\p{L}\p{N}_]+/gu) ?? [];

  const EMPTY = new Set(["a", "an", "the", "of", "in", "is", "are", "what", "how", "why", "do", "does", "i", "to", "for", "and"]);

  /** How well a part answers: 0 where a word is missing; more for a word in the title than in the text, more for a whole word. */
  function score({ title, section, text }, query) {
    const isTerm = section?.startsWith("Term: "), places = [[title, isTerm ? 40 : 8], [section, isTerm ? 10 : 6], [text, 1]];
    let sum = plain(title) === query.join(" ") ? 100 : 0;
    for (const word of query) {
      let best = 0;
      for (const [place, weight] of places) {
        for (const found of words(place)) {
          if (found === word) best = Math.max(best, weight);
          else if (word.length > 1 && found.startsWith(word)) best = Math.max(best, weight / 4);
        }
      }
      if (!best) return 0;
      sum += best;
    }
    return sum;
  }

  class Found {
    constructor(parts = []) { this.parts = [...parts]; }
    add(part) { this.parts.push(part); }
    search(text, { limit = 20 } = {}) {
      const asked = words(text), meant = asked.filter((word) => !EMPTY.has(word)), query = meant.length ? meant : asked;
      if (!query.length) return [];
      return this.parts
        .map((item, refIndex) => ({ item, refIndex, score: score(item, query) }))
        .filter((found) => found.score > 0)
        .sort((a, b) => b.score - a.score || a.refIndex - b.refIndex)
        .slice(0, limit);
    }
  }
  // The renderer's scripts make theirs when the field is first used, which is after this.
  Object.defineProperty(window, "Fuse", { value: Found, writable: true });
})();
