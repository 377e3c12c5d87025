"""Grading students' notebooks, in a sandbox."""
