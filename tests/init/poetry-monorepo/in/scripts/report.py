"""Prints a report."""
