"""The pages of the site that a program writes."""
