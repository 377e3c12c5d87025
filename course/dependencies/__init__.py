"""What a lab's code depends on: the modules of `labkit` and the data files that it leads to."""
