"""Markdown as a reader reads it: its headings and its words, without code and mathematics."""

import re

FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})")
HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.+?)[ \t#]*$")
MATH = re.compile(r"\$\$.+?\$\$|\$(?:[^$\n]|\n(?!\s*\n))+?\$", re.DOTALL)
LINK_TARGET = re.compile(r"\]\([^)\s]*(?:\s+\"[^\"]*\")?\)")


def unfenced(source: str) -> str:
    """Drop fenced code blocks and HTML comments from markdown."""
    kept, fence = [], ""
    for line in source.splitlines():
        mark = FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and line.strip() == mark[1]:
            fence = ""
        elif not fence:
            kept.append(line)
    return re.sub(r"<!--.*?-->", "", "\n".join(kept), flags=re.DOTALL)


def plain(source: str) -> str:
    """Drop fences, code in backquotes and mathematics: what is left is for the renderers."""
    return MATH.sub(" ", re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", unfenced(source)))


MARKS = re.compile(r"([\\`*_{}\[\]<>#|~$^@])")


def escaped(words: str) -> str:
    """Escape what markdown would read as a mark, and join the lines into one."""
    return MARKS.sub(r"\\\1", " ".join(words.split()))


def escaped_but_code(words: str) -> str:
    """Escape words for a table, but for what stands in backquotes, which is code."""
    parts = re.split(r"(`[^`]+`)", " ".join(words.split()))
    return "".join(
        part.replace("|", r"\|") if number % 2 else MARKS.sub(r"\\\1", part)
        for number, part in enumerate(parts)
    )


def headings(source: str) -> list[tuple[int, str]]:
    """Headings written with `#`, with an underline, or as HTML."""
    found, before = [], ""
    for line in unfenced(source).splitlines():
        if mark := HEADING.match(line):
            found.append((len(mark[1]), mark[2]))
        elif before.strip() and re.fullmatch(r" {0,3}(=+|-+)\s*", line):
            found.append((1 if "=" in line else 2, before.strip()))
        elif mark := re.search(r"<h([1-6])\b[^>]*>(.*?)(</h|$)", line):
            found.append((int(mark[1]), mark[2]))
        before = line
    return found


def count_words(source: str) -> int:
    """Count words of prose: headings, mathematics, tags, fences and link targets not counted."""
    text = "\n".join(line for line in unfenced(source).splitlines() if not HEADING.match(line))
    text = LINK_TARGET.sub("]", MATH.sub(" ", text))
    text = re.sub(r"</?[a-zA-Z][^>]*>", " ", text)
    return sum(any(c.isalnum() for c in word) for word in text.split())
