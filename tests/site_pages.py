"""The pages that the site must have."""

import yaml

from tools.freshness import ROOT


def listed():
    """Return every page that `_quarto.yml` lists in the sidebar."""

    def walk(entries):
        for entry in entries:
            if isinstance(entry, str):
                yield entry
            else:
                yield from [entry["href"]] if "href" in entry else []
                yield from walk(entry.get("contents", []))

    config = yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8"))
    return list(walk(config["website"]["sidebar"]["contents"]))
