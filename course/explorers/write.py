"""Write the data of the figures that one can move.

python -m course.explorers.write            of all of them, and the page that stands beside the labs
python -m course.explorers.write valley     of some
"""

import argparse

from course.explorers import explorers
from course.site.alone import ALONE, alone


def main() -> None:
    """Run from the command line."""
    every = {explorer.name: explorer for explorer in explorers()}
    parser = argparse.ArgumentParser("python -m course.explorers.write", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *every], default=[])
    for name in parser.parse_args().names or every:
        text = every[name].script_of_data()
        every[name].data_file.write_text(text, encoding="utf-8", newline="\n")
        print(f"explorers/{every[name].data_file.name}: {len(text) / 1000:.0f} kB")
    ALONE.write_text(alone(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
