"""Decides whether the installed mypy can be run group by group.

`groups` calls insides of mypy in place of its own loop, and is right only if they work as they did in
the releases that it was tested with. A release is known if the modules that it relies on are the same.

After a change of `GUARDED` or of the locked release, the test
`fallbacks::a_release_is_known_by_the_sources_that_are_relied_on` prints the digest for `KNOWN`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os

GUARDED = (
    "mypy.build",
    "mypy.errors",
    "mypy.metastore",
    "mypy.typestate",
)
"""The modules whose insides are called, or whose state is dropped between groups."""

KNOWN = frozenset({"7604b1fe3d8a180238a5c6c9077515fa"})
"""The digest of mypy 2.4.1."""


def is_known() -> bool:
    """Whether the installed release works as the worker relies on."""
    try:
        return digest() in KNOWN
    except (ImportError, OSError):
        return False


def digest() -> str:
    """One hash over the sources of the guarded modules. The compiled modules are made of them."""
    content = hashlib.blake2b(digest_size=16)
    for module in GUARDED:
        spec = importlib.util.find_spec(module)
        folder, name = os.path.split((spec and spec.origin) or "")
        # A compiled module is next to its source.
        with open(os.path.join(folder, name.split(".")[0] + ".py"), "rb") as file:
            source = file.read()
        content.update(b"%s %d\0" % (module.encode(), len(source)) + source)
    return content.hexdigest()
