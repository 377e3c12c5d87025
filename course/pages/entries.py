"""The YAML files from which pages are written: read in one place, refused with one message."""

from pathlib import Path
from typing import Any

import yaml


def entries(path: Path, refused: type[ValueError]) -> Any:
    """Return what a file holds, or raise `refused`, which says what to do."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise refused(
            f"{path.name} is not YAML (quote a text with a colon or a first asterisk): {error}"
        ) from error
