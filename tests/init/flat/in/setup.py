from setuptools import setup

setup(name="greeter")
