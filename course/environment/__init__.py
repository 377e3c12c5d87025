"""The packages: which versions, and the virtual environment with them."""
