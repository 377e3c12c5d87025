"""Figures of the labs on other pages: taken from the notebooks' stored outputs.

An element with `data-figure="05-modules-and-data#fig-growth"` gets this lab's figure of this label;
one of the class `thumbnail` a small one. The files are made with the site, and nothing of them is
stored elsewhere.
"""

from io import BytesIO
from pathlib import Path

from bs4 import BeautifulSoup
from PIL import Image

from course.notebook import Lab
from course.site.html import attribute, relative_link

FOLDER = "figures"
THUMBNAIL = (480, 320)  # pixels: a card of the front page, on a screen of fine pixels


class PictureError(ValueError):
    """A figure that a page names and no lab has, with a message that says which."""


def add_pictures(page: BeautifulSoup, path: Path, site: Path, notebooks: Path) -> None:
    """Put the figure that an element names at its beginning, and its file into the site."""
    for place in page.select("[data-figure]"):
        stem, _, label = attribute(place, "data-figure").partition("#")
        alt, content = figure(notebooks / f"{stem}.ipynb", label)
        small = "thumbnail" in attribute(place, "class").split()
        content = thumbnail(content) if small else content
        file = site / FOLDER / f"{stem}-{label}{'.webp' if small else '.png'}"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        width, height = map(str, Image.open(BytesIO(content)).size)  # so that nothing moves later
        image = {"src": relative_link(file, path), "alt": alt, "width": width, "height": height}
        if place.img:
            place.img.decompose()
        place.insert(0, page.new_tag("img", attrs=image | ({"loading": "lazy"} if small else {})))


def figure(notebook: Path, label: str) -> tuple[str, bytes]:
    """Return what a figure shows, in a sentence, and its file, or raise where there is none."""
    cell = Lab.read(notebook).figure(label) if notebook.is_file() else None
    if cell is None or cell.png is None:
        raise PictureError(
            f"it shows {label!r} of {notebook.name}, and there is no such figure in the stored "
            "outputs: name another in the lab's metadata, or execute the lab"
        )
    return first_sentence(str(cell.options.get("fig-alt", ""))), cell.png


def first_sentence(text: str) -> str:
    """Return the first sentence of a description: what is shown, without all that is in it."""
    return text.partition(". ")[0].rstrip(".") + "."


def thumbnail(png: bytes) -> bytes:
    """Return a picture that fits the place of a thumbnail, as a WebP file."""
    picture, file = Image.open(BytesIO(png)).convert("RGB"), BytesIO()
    picture.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
    picture.save(file, "WEBP", quality=80, method=6)
    return file.getvalue()
