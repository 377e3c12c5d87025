"""Rules that every lab keeps, by theme; `python -m course.rules.check` applies them."""
