"""What of a person's settings pip may see: which index to ask and how, not where to install.

A variable such as PIP_USER or PIP_TARGET, or a line of a pip.conf, sends packages to a place where
the environment doesn't look for them, or lets pip refuse. What says where they come from stays.
"""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

from pythons import variables

KEPT = {
    "index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "proxy", "cert",
    "client-cert", "keyring-provider", "use-feature", "use-deprecated", "timeout",
    "default-timeout", "retries", "cache-dir", "no-cache-dir",
}  # fmt: skip
# Lines of a pip.conf that would let `pip config list` show a part of it, or nothing.
WHOLE_LIST = {"PIP_USER": "0", "PIP_GLOBAL": "0", "PIP_SITE": "0", "PIP_QUIET": "0"}
STRENGTH = ("global", "install", ":env:")  # of pip's sources, the last wins

UNREADABLE = """
pip can't read its own settings:
{}
Mend that file, or set the variable PIP_CONFIG_FILE to {}, and run the same command again."""


def pip_variables(python: Path) -> "dict[str, str]":
    """Return the environment's variables for a pip that installs into the Python's environment."""
    found = {key: value for key, value in _settings(python).items() if key in KEPT}
    if "find-links" not in found:
        found.pop("no-index", None)  # then it could install nothing at all
    pip = {"PIP_" + key.upper().replace("-", "_"): value for key, value in found.items()}
    return dict(no_settings(), **pip)


def no_settings() -> "dict[str, str]":
    """Return the environment's variables for a pip that sees no setting at all."""
    return dict(_variables(), PIP_CONFIG_FILE=os.devnull)


def _variables(*kept: str) -> "dict[str, str]":
    """Return the environment's variables, of pip's own those that are kept."""
    found = variables().items()
    return {n: v for n, v in found if not n.upper().startswith("PIP_") or n in kept}


def _settings(python: Path) -> "dict[str, str]":
    """Return pip's settings for installing, from its files and variables."""
    named = ["PIP_" + key.upper().replace("-", "_") for key in KEPT]
    done = subprocess.run(
        [str(python), "-I", "-m", "pip", "config", "list"],
        env=dict(_variables(*named, "PIP_CONFIG_FILE"), **WHOLE_LIST),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    if done.returncode:
        sys.exit(UNREADABLE.format(done.stdout.strip(), os.devnull))
    lines = re.findall(r"^(global|install|:env:)\.([\w-]+)=(.+)$", done.stdout, re.MULTILINE)
    lines.sort(key=lambda line: STRENGTH.index(line[0]))
    return {key: str(ast.literal_eval(value)) for _, key, value in lines}
