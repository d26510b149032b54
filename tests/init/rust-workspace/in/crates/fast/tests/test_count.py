"""Tests counting."""

from fast import count


def test_count():
    """Counts."""
    assert count("abc") == 3
