"""What `leavs doctor` asks of torch, in the build for the CPU, answered at once.

The real one takes seconds to import, in every doctor that a test starts.
"""

from types import SimpleNamespace

__version__ = "2.13.0+cpu"
version = SimpleNamespace(cuda=None)
cuda = SimpleNamespace(is_available=lambda: False)
