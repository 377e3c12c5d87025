"""The explorer of gradient descent as a page in one file, beside the labs, for JupyterLab.

JupyterLab's folder is the root of all that it shows. It runs no script before *Trust HTML* is
pressed.
"""

from course import ROOT
from course.explorers import STYLES, Explorer, descent

ALONE = ROOT / "notebooks" / "gradient-descent-by-hand.html"


def alone() -> str:
    """Return the page, which needs no other file."""
    sheets = [*(ROOT / "styles" / f"{name}.css" for name in ("palette", "text")), STYLES]
    styles = "\n".join(path.read_text(encoding="utf-8") for path in sheets)
    scripts = "\n".join(
        path.read_text(encoding="utf-8").replace("</script", "<\\/script")
        for path in Explorer("descent", descent).scripts
    )
    return f"""<!DOCTYPE html>
<!-- Written by `python -m course.explorers.write`. -->
<html lang="en"><head><meta charset="utf-8"><title>{descent.TITLE}</title>
<meta name="viewport" content="width=device-width"><style>
{styles}
main {{ max-width: 43rem; margin: 1.5rem auto; padding: 0 1rem; }}
</style></head><body><main class="content"><h1>{descent.TITLE}</h1>
<noscript><p><strong>In JupyterLab press <em>Trust HTML</em> above for the sliders.</strong></p>
</noscript><div class="explorer" data-explorer="descent">{descent.without_script()}</div></main>
<script>
if (matchMedia("(prefers-color-scheme: dark)").matches)
  document.documentElement.dataset.scheme = "alternate";
{scripts}</script></body></html>
"""
