"""Rules about the code: plain Python, seeds, torch and solutions kept apart, `#|` options."""
# ruff: noqa: D401 - the docstring of a rule says why there is one

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from itertools import pairwise

import yaml

from course import ROOT
from course.notebook import Lab
from course.rules.calls import calls
from course.rules.registry import Found, rule
from course.rules.torch_names import torch_modules, torch_names

OPTIONS = {"label", "fig-cap", "fig-alt", "tbl-cap", "code-fold", "code-summary"}
OPTIONS |= {"echo", "include", "output"}
NETWORK = {"urllib.request", "requests", "httpx", "urllib3"}
DOWNLOADS = re.compile(r"fetch_\w+|urlopen|urlretrieve|load_state_dict_from_url")
TORCH_PACKAGE = re.compile(r"(torch|skorch)(\.|$)")
LABKIT = ROOT / "labkit"


@rule("write plain Python: what a magic or command does belongs in labkit or the Makefile")
def plain_python(lab: Lab) -> Found:
    """Under nbval an unknown %magic or a failing !command makes its cell pass."""
    for cell in lab.code:
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            line = (error.text or "").strip()[:60]
            yield cell, f"`{line}` is not Python (a magic, a command, help with `?`, or a slip)"
        if "get_ipython" in cell.names[1]:
            yield cell, "`get_ipython` is there only in Jupyter"


@rule("assign the value (`_ = …`) or end the cell with a call that returns nothing")
def trailing_semicolon(lab: Lab) -> Found:
    """Under nbval cells run without history, where a `;` silences nothing."""
    ends = (tokenize.NEWLINE, tokenize.COMMENT, tokenize.ENDMARKER)
    for cell in lab.code:
        tokens = list(_tokens(cell.source))
        if any(token.string == ";" and after.type in ends for token, after in pairwise(tokens)):
            yield cell, "a line ends with `;`"


@rule("give the value a name")
def no_history(lab: Lab) -> Found:
    """Under nbval cells run without history: `_`, `Out` and `In` hold nothing there."""
    for cell in lab.code:
        for name in sorted(cell.names[1]):
            if re.fullmatch(r"_{1,3}|_i*\d*|In|Out", name):
                yield cell, f"`{name}` reads Jupyter's history"


@rule("pass a seed: rng=42, default_rng(42); torch.manual_seed(…) before the first draw or weights")
def seeded(lab: Lab) -> Found:
    """Without a seed no number of the page can be had again."""
    torch_seeded = False
    for cell in lab.code:
        found = list(calls(cell.tree))
        torch_seeded |= any(name == "manual_seed" for _, _, name in found)
        for call, owner, name in found:
            keywords = {keyword.arg for keyword in call.keywords}
            torch_draws = (owner == "torch" and name.startswith("rand")) or (
                owner in {"nn", "torch.nn"} and re.match("Linear|Conv|Embedding", name)
            )
            if name in {"default_rng", "RStream"} and not call.args and not keywords:
                yield cell, f"`{name}()` has no seed"
            elif owner in {"labkit", "lk"} and name.startswith("make_") and "rng" not in keywords:
                yield cell, f"`{owner}.{name}(…)` has no rng"
            elif torch_draws and not torch_seeded and "generator" not in keywords:
                yield cell, f"`{owner}.{name}(…)` draws before any manual_seed"


@rule("use the tables in data/ (labkit.load_…)")
def no_network(lab: Lab) -> Found:
    """A class room without the Internet runs every lab."""
    for cell in lab.lesson_code:
        for node in ast.walk(cell.tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {getattr(node, "module", None), *(alias.name for alias in node.names)}
                if names & NETWORK:
                    yield cell, f"`{ast.unparse(node)}` is for the network"
            elif isinstance(node, ast.Constant) and re.match(r"(https?|ftp)://", str(node.value)):
                yield cell, f"the code holds the address {node.value!r}"
        for _, _, name in calls(cell.tree):
            if DOWNLOADS.fullmatch(name):
                yield cell, f"`{name}` downloads"


@rule("tag the cell `torch` and write `# needs torch` first, below the options; or neither")
def torch_tag(lab: Lab) -> Found:
    """Where torch is missing, cells with the tag are skipped by this line; the rest must run."""
    for cell in lab.code:
        tagged = "torch" in cell.tags
        body = cell.source.splitlines()[len(cell.option_lines) :]
        use = _torch_use(cell.tree)
        if use and not tagged:
            yield cell, f"it uses `{use}` without the tag `torch`"
        elif tagged != (body[:1] == ["# needs torch"]):
            yield cell, "the tag `torch` and the first line `# needs torch` don't go together"


@rule("tag the cell that uses it `torch`, or give the name a value without torch first")
def torch_leak(lab: Lab) -> Found:
    """Where torch is missing, what its cells define is not there."""
    yield from _leaks(lab, "torch")


@rule("define it outside the solution")
def solution_leak(lab: Lab) -> Found:
    """The student edition has no solutions: what they define is not there."""
    yield from _leaks(lab, "solution")


@rule("put the options on the cell's first lines, each `#| key: value`; quote text with a colon")
def option_form(lab: Lab) -> Found:
    """Anything else is a comment to the renderers: figures lose their text, solutions lie open."""
    for cell in lab.code:
        try:
            options = yaml.safe_load("\n".join(line[2:] for line in cell.option_lines))
        except yaml.YAMLError:
            options = "broken"
        spaced = all(re.match(r"#\|(\s|$)", line) for line in cell.option_lines)
        if not spaced or not isinstance(options, dict | None):
            yield cell, "the `#|` lines are not YAML, `key: value`"
        rest = cell.source.splitlines()[len(cell.option_lines) :]
        if late := [line.strip() for line in rest if re.match(r"\s*#\s*\|", line)]:
            yield cell, f"`{late[0][:40]}` has a space, or is not among the first lines"


@rule(f"use only {', '.join(sorted(OPTIONS))}")
def option_known(lab: Lab) -> Found:
    """A mistyped option does nothing, silently; others are known to one renderer only."""
    for cell in lab.code:
        for name in sorted(map(str, set(cell.options) - OPTIONS)):
            yield cell, f"the option `{name}` is not one that both renderers know"


@rule("give each cell a label of its own")
def unique_labels(lab: Lab) -> Found:
    """Labels become ids on the page, and an id stands once."""
    seen = set()
    for cell in lab.code:
        label = cell.options.get("label")
        if label is not None and label in seen:
            yield cell, f"the label `{label}` is used above"
        seen.add(label)


def _tokens(source: str) -> Iterator[tokenize.TokenInfo]:
    """Yield tokens without the line breaks inside expressions, as far as the code is Python."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type != tokenize.NL:
                yield token
    except (tokenize.TokenError, SyntaxError):
        return


def _torch_use(tree: ast.Module) -> str:
    """Return what in the code needs torch, or an empty string."""
    names = torch_names(LABKIT)
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=imported):
                wanted = [alias.name for alias in imported if _needs_torch(alias.name)]
            case ast.ImportFrom(module=module, names=imported):
                wanted = [str(module)] if _needs_torch(str(module)) else []
                wanted += [alias.name for alias in imported if alias.name in names]
            case ast.Name(id=name) if name in {"torch", "nn"} | names:
                wanted = [name]
            case ast.Attribute(attr=name) if name in names:
                wanted = [name]
            case _:
                wanted = []
        if wanted:
            return wanted[0]
    return ""


def _needs_torch(module: str) -> bool:
    return bool(TORCH_PACKAGE.match(module)) or module in torch_modules(LABKIT)


def _leaks(lab: Lab, tag: str) -> Found:
    """Find cells without the tag that use a name which only cells with it have defined so far."""
    inside: set[str] = set()
    outside: set[str] = set()
    for cell in lab.code:
        bound, used = cell.names
        if tag in cell.tags:
            inside |= bound
            continue
        outside |= bound
        for name in sorted(used & inside - outside):
            yield cell, f"`{name}` is defined only in cells tagged `{tag}`"
