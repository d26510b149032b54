"""What Rust does."""

def count(text: str) -> int:
    """Counts."""
    ...
