"""A greeting in a random language."""

import random

GREETINGS = ("Hello world", "Bonjour le monde!")


def greet() -> str:
    """Choose a greeting."""
    return random.choice(GREETINGS)


if __name__ == "__main__":
    print(greet())
