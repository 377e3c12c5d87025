"""What a lab depends on: the files that it reads, and what their code does."""
