"""What a reader can take away: the notebook of each lab's page, and the zip with all of them."""

from pathlib import Path

from bs4 import BeautifulSoup, Tag
from nbformat import NotebookNode

from course.editions import for_download, has_solutions, student_notebook
from course.notebook import Lab, dumps


def add_lab_downloads(
    page: BeautifulSoup, lab: Path, folder: Path, student_zip: Path | None
) -> None:
    """Put the student's notebook beside its page, the solved one too, and links under the title."""
    title = page.select_one("#title-block-header")
    if page.select_one(".lab-download") or not lab.is_file() or title is None:
        return
    notebook = Lab.read(lab)
    write_notebook(folder / lab.name, student_notebook(notebook))
    line = page.new_tag("p", attrs={"class": "lab-download"})
    if student_zip:  # first: a lab alone runs in the folder that it makes
        link = download_link(page, f"../{student_zip.name}", "Download all labs")
        line.extend([link, describe(student_zip), " "])
    this = "This lab alone" if student_zip else "Download this lab"
    line.extend([download_link(page, lab.name, this), ", to open in the course's folder."])
    if has_solutions(lab):
        solved = f"{lab.stem}-solved.ipynb"
        write_notebook(folder / solved, notebook.node)
        line.extend([" ", download_link(page, solved, "With outputs and solutions"), "."])
    title.insert_after(line)


def write_notebook(path: Path, notebook: NotebookNode) -> None:
    """Write a notebook that can be opened by itself."""
    path.write_text(dumps(for_download(notebook)), encoding="utf-8", newline="\n")


def add_zip_download(page: BeautifulSoup, student_zip: Path) -> None:
    """Put a link to the zip where the front page says how to start, and behind its button."""
    for button in page.select("a.button.download:not([download])"):
        button["href"], button["download"] = student_zip.name, ""
        button.string = f"Download the labs ({size(student_zip)})"
    place = page.select_one(".start h2") or page.select_one("#title-block-header")
    if page.select_one(".lab-download") or place is None:
        return
    line = page.new_tag("p", attrs={"class": "lab-download"})
    link = download_link(page, student_zip.name, "Download all labs")
    line.extend([link, describe(student_zip)])
    place.insert_after(line)


def download_link(page: BeautifulSoup, href: str, text: str) -> Tag:
    """Return a link that saves a file."""
    return page.new_tag("a", href=href, download="", string=text)


def describe(student_zip: Path) -> str:
    """Say what the zip holds, and how large it is."""
    return f" with their data and these pages, to use offline ({size(student_zip)})."


def size(student_zip: Path) -> str:
    """Say what kind of file the zip is, and how large."""
    return f"zip, {student_zip.stat().st_size / 1e6:.0f} MB"
