"""What stands in the sandbox with the student's code: it runs cells, and answers with data.

Nothing here is trusted, since the student's code runs beside it. It imports nothing of the course,
and of the checks it holds nothing.
"""
