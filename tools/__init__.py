"""The few scripts that the Makefile runs: `python -m tools.NAME`."""
