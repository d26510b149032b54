"""Says hello."""

from words import greeting

print(greeting("you"))
