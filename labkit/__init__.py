"""The helper package of the course *Neural networks for biostatistics*.

Everything is imported when it is first used, so that `import labkit` is quick and needs no torch.
"""

try:
    import lazy_loader
except ModuleNotFoundError:  # in a Python where nothing is installed

    def __getattr__(name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        raise ModuleNotFoundError(
            "labkit's packages are not installed in this Python: run 'make site' in the course's "
            "folder, or 'python3 start.py' (on Windows 'py start.py') in the students', and use "
            "the Python in its .venv."
        )
else:
    __getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
