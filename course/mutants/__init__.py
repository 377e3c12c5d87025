"""Whether the tests notice when labkit's code is changed."""
