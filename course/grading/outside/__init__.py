"""What reaches the verdict: a process that holds the checks and never runs the student's cells."""
