"""The same under the rules of the root."""

import os


def beta() -> None:
    """Does nothing."""
    unused = 1
