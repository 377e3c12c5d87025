"""What only the pages that Quarto writes need: ids that stand once, and a button on all code."""

import re
from collections import Counter

from bs4 import BeautifulSoup
from bs4.element import Script

from course.site.html import attribute


def make_ids_unique(page: BeautifulSoup) -> None:
    """Turn the id that several of Quarto's style sheets share into a class.

    Its own scripts find the sheets by this id when the colours are switched, so they are changed
    too. Where one of them names it in a way that is not known here, the page stays as it is.
    """
    links = page.select("head > link[id]")
    counts = Counter(attribute(link, "id") for link in links)
    for name in (name for name, count in counts.items() if count > 1):
        word = rf"{re.escape(name)}(?![\w-])"
        selector, test = rf"link#{word}", rf"\.id === (['\"]){word}\1"
        scripts = [script for script in page.find_all("script") if name in script.get_text()]
        if any(re.search(word, re.sub(f"{selector}|{test}", "", s.get_text())) for s in scripts):
            continue
        for script in scripts:
            text = re.sub(selector, f"link.{name}", script.get_text())
            script.clear()
            script.append(Script(re.sub(test, f'.classList.contains("{name}")', text)))
        for link in (link for link in links if attribute(link, "id") == name):
            del link["id"]
            link["class"] = f"{attribute(link, 'class')} {name}".strip()


def add_copy_buttons(page: BeautifulSoup) -> None:
    """Give a button to the code without a language: Quarto's own script serves it."""
    if not page.select("script[src*='clipboard']"):
        return
    for code in page.select("main pre:not(.code-with-copy, .cell-output pre, .cell-output)"):
        if code.find("code"):
            code["class"] = " ".join([*attribute(code, "class").split(), "code-with-copy"])
            box = code.wrap(page.new_tag("div", attrs={"class": "code-copy-outer-scaffold"}))
            button = page.new_tag("button", attrs={"class": "code-copy-button", "type": "button"})
            button["title"] = "Copy to Clipboard"
            button.append(page.new_tag("i", attrs={"class": "bi"}))
            box.append(button)
