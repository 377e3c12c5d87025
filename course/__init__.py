"""What executes, checks, renders, hands out and grades the labs."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The project's folder."""
