import random

if random.randint(0, 1) == 0:
    print("Hello world")
else:
    print("Bonjour le monde!")


def pick(words: list[str]) -> str:
    return words[random.randint(0, len(words) - 1)]
