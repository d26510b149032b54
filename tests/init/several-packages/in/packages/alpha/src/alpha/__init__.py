"""Has a name that nobody uses, which its own rules forbid, and an import, which they do not."""

import os


def alpha() -> None:
    """Does nothing."""
    unused = 1
