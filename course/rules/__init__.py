"""Rules that every lab keeps, by theme; `course/rules/check.py` applies them."""
