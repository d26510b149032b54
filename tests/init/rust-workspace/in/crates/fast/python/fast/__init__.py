"""Counts."""

from fast._fast import count

__all__ = ["count"]
