"""Rules that every lab keeps, by theme; `tools/lab_rules.py` applies them."""
