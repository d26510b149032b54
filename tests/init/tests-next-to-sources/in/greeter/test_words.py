"""Tests the words beside them."""

from greeter.words import greeting


def test_greeting():
    assert greeting("you") == "Hello you."
