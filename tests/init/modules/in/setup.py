"""Packs two modules."""

from setuptools import setup

setup(name="app", py_modules=["app", "words"])
