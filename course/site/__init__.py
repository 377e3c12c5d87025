"""The course's site: rendered, post-processed, checked."""
