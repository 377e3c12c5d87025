"""The helper package of the course *Neural networks with torch for biostatistics students*.

Everything is imported when it is first used, so that `import labkit` is quick and needs no torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
