"""The student edition: a zip without solutions."""
