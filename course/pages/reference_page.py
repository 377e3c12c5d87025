"""The reference page of `labkit`, from its docstrings.

python -m course.pages.write writes it, with the other pages that a program writes.
"""

import doctest
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import griffe
from docstring_parser import DocstringMeta, DocstringParam, DocstringRaises, DocstringReturns

from course.notebook import Lab
from course.pages.reference import GROUPS, Entry, entries, lab_uses, other_types, type_text

HEAD = """---
# Written by python -m course.pages.write, from the docstrings of labkit: edit those.
title: Reference of labkit
description: Every function and class of the course's helper package, with its arguments, an example and the labs that use it.
---

`labkit` is the small package behind the labs. What matters in it is first written out in a lab, and then used from here. Each name is imported from `labkit` itself, `from labkit import fit_linear`, and loaded when it is first used, so that `import labkit` is quick and needs no torch. In a notebook `?labkit.fit_linear` shows the same text as this page, and with two question marks, `??`, the code.
"""  # noqa: E501 - a paragraph is a line, so that an edit of a word is a diff of a line
CODE_SPAN = re.compile(r"(`+)(.+?)\1")
MARKUP = re.compile(r"([\\*_<\[\]$~^#|@])")


def text(root: Path) -> str:
    """Return the whole page."""
    found = entries(root)
    return Page(found, lab_uses(root, found), {*found, *other_types(found)}).text()


@dataclass(frozen=True)
class Page:
    """The entries, and what is needed to write them as Markdown."""

    entries: dict[str, Entry]
    uses: dict[str, list[Lab]]
    linked: set[str]

    def text(self) -> str:
        """Return the whole page."""
        parts = [HEAD, *(part for group in GROUPS for part in self.group(group)), *self.types()]
        return "\n".join(f"{part}\n" if part[-1:] != "\n" else part for part in parts)

    def group(self, title: str) -> Iterator[str]:
        """Write what belongs to one purpose: an overview, then the entries."""
        found = [self.entries[name] for name in GROUPS[title] if name in self.entries]
        yield f"## {title}"
        rows = [f"| [`{e.name}`](#{e.name}) | {self.prose(e.summary)} |" for e in found]
        head = ["| Name | What it does |", "|:---|:-------|"]
        yield "\n".join([*head, *rows, "", f": {title}: the names in short"])
        for entry in found:
            yield from self.entry(entry)

    def entry(self, entry: Entry, level: int = 3) -> Iterator[str]:
        """Write one name, or one method of a class."""
        yield f"{'#' * level} `{entry.name}` {{#{anchor(entry.name)} .entry}}"
        if entry.signature:
            yield f"```python\n{entry.signature}\n```"
        yield from map(self.prose, filter(None, [entry.summary]))
        yield from self.paragraphs(entry.doc.long_description)
        if isinstance(entry.definition, griffe.Attribute):
            yield "\n".join(["```python", *entry.definition.lines, "```"])
        yield from self.sections(entry)
        yield from example(entry.examples)
        for method in entry.methods:
            yield from self.entry(method, level + 1)
        if level == 3:
            yield self.provenance(entry)

    def sections(self, entry: Entry) -> Iterator[str]:
        """Write the docstring's sections, in the order of numpydoc."""
        by_kind: dict[str, list[DocstringMeta]] = {}
        for item in entry.doc.meta:
            by_kind.setdefault(item.args[0], []).append(item)
        if unknown := by_kind.keys() - {
            *("param", "attribute", "returns", "raises", "notes", "examples")
        }:
            raise ValueError(
                f"The docstring of {entry.name} has the section {', '.join(sorted(unknown))}, "
                "which course/pages/reference_page.py can't write: add it there, or use "
                "another section."
            )
        takes = [self.parameter(item) for item in by_kind.get("param", [])]
        has = [self.parameter(item) for item in by_kind.get("attribute", [])]
        has += [self.attribute(member, entry.definition) for member in entry.properties]
        gives = [self.item(item) for item in by_kind.get("returns", [])]
        raises = [self.item(item) for item in by_kind.get("raises", [])]
        yield from listed("Parameters", takes)
        yield from listed("Attributes", has)
        yield from listed("Returns", gives)
        yield from listed("Raises", raises)
        for item in by_kind.get("notes", []):
            yield part("Notes")
            yield from self.paragraphs(item.description)

    def parameter(self, item: DocstringMeta) -> str:
        """Write a parameter or attribute with the type that its docstring gives."""
        assert isinstance(item, DocstringParam)
        names = ", ".join(f"`{name}`" for name in item.arg_name.split(", "))
        kind = ", ".join(filter(None, [item.type_name, "optional" if item.is_optional else ""]))
        return self.line(names, kind, item.description)

    def attribute(self, member: griffe.Attribute, home: griffe.Object) -> str:
        """Write an attribute that the docstring of its class does not list."""
        description = member.docstring.value if member.docstring else ""
        return self.line(f"`{member.name}`", type_text(member.annotation, home), description)

    def item(self, item: DocstringMeta) -> str:
        """Write what is returned or raised."""
        assert isinstance(item, DocstringReturns | DocstringRaises)
        name = getattr(item, "return_name", None)
        kinds = (item.type_name or "").split(", ") if isinstance(item, DocstringRaises) else []
        head = ", ".join(map(self.name, kinds)) or (f"`{name}`" if name else "")
        if isinstance(item, DocstringRaises):
            return self.line(head, "", item.description)
        return self.line(head, item.type_name or "", item.description)

    def line(self, head: str, kind: str, description: str | None) -> str:
        """Write one line of a list: a name, a type, a description."""
        kind = self.name(kind, code=False) if kind in self.linked else self.prose(kind)
        before = f"{head} ({kind})" if head and kind else head or kind
        return f"- {before}: {self.prose(description)}" if description else f"- {before}"

    def paragraphs(self, text: str | None) -> Iterator[str]:
        """Write running text."""
        for paragraph in filter(None, (text or "").split("\n\n")):
            yield self.prose(paragraph)

    def prose(self, text: str) -> str:
        """Write text on one line, its code as code and linked where the page has an entry."""
        parts, at = [], 0
        text = " ".join(text.split())
        for span in CODE_SPAN.finditer(text):
            parts += [MARKUP.sub(r"\\\1", text[at : span.start()]), self.name(span[2], span[0])]
            at = span.end()
        return "".join([*parts, MARKUP.sub(r"\\\1", text[at:])])

    def name(self, name: str, text: str = "", *, code: bool = True) -> str:
        """Write a name as code, linked where the page has an entry for it."""
        text = text or (f"`{name}`" if code else name)
        bare = name.removeprefix("labkit.")
        return f"[{text}](#{anchor(bare)})" if bare in self.linked else text

    def provenance(self, entry: Entry) -> str:
        """Say where one meets the name: what returns or raises it, and which labs use it."""
        sentences = []
        for verb, kind in (("Returned", DocstringReturns), ("Raised", DocstringRaises)):
            if sources := self.sources(entry.name, kind):
                sentences.append(f"{verb} by {in_words(map(self.name, sources))}.")
        labs = self.uses[entry.name]
        links = [f"[lab {lab.number}](notebooks/{lab.path.name})" for lab in labs]
        sentences.append(f"Used in {in_words(links)}." if links else "No lab uses it by name.")
        return " ".join(sentences)

    def sources(self, name: str, kind: type[DocstringMeta]) -> list[str]:
        """List the functions whose docstring says that they return, or raise, a name."""
        return [
            entry.name
            for entry in self.entries.values()
            for item in entry.doc.meta
            if isinstance(item, kind)
            and re.search(rf"\b{name}\b", getattr(item, "type_name", "") or "")
        ]

    def types(self) -> Iterator[str]:
        """Explain the types that the signatures name and that are no entries themselves."""
        yield "## Types in the signatures"
        yield (
            "`ArrayLike` is anything that NumPy makes an array of, a list or a DataFrame for "
            "instance; `NDArray` is an array of the type of number in its brackets. `np`, `pd` and "
            "`nn` are `numpy`, `pandas` and `torch.nn`. The others are `labkit`'s own:"
        )
        for name, target in other_types(self.entries).items():
            yield f"### `{name}` {{#{anchor(name)} .entry}}"
            if isinstance(target, griffe.Attribute):
                yield f"```python\n{name} = {type_text(target.value, target)}\n```"
            elif target.docstring:
                yield from self.paragraphs(target.docstring.value)


def anchor(name: str) -> str:
    """Return the id of an entry's heading."""
    return name.replace(".", "-")


def part(title: str) -> str:
    """Return the name of an entry's part: no heading, or the list of headings would be endless."""
    return f'<span class="part">{title}</span>'


def listed(title: str, lines: list[str]) -> Iterator[str]:
    """Write a section that is a list, if there is anything in it."""
    if lines:
        yield part(title)
        yield "\n".join(lines)


def in_words(items: Iterable[str]) -> str:
    """Join items as a sentence does."""
    *most, last = items
    return f"{', '.join(most)} and {last}" if most else last


def example(statements: list[doctest.Example]) -> Iterator[str]:
    """Write the example as code that can be copied, each output below what gives it."""
    if statements:
        yield part("Example")
    code = ""
    for number, statement in enumerate(statements, 1):
        code += statement.source
        if statement.want or number == len(statements):
            yield f"```python\n{code.rstrip()}\n```"
            code = ""
        if statement.want:
            yield f"::: {{.cell-output}}\n\n```\n{statement.want.rstrip()}\n```\n\n:::"
