"""Tests the words."""

from greeter.words import greeting


def test_greeting() -> None:
    assert greeting("you") == "Hello you. How are you?"
