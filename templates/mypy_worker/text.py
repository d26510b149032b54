"""The text of mypy without what it says once in a run.

mypy adds some remarks only to the first message of a run that they fit to, so where they are depends on
which modules are checked again. Advice on stubs goes to every message that it fits to; all others repeat
the documentation and go.
"""

from __future__ import annotations

import json
import re
from typing import Any

from mypy.stubinfo import stub_distribution_name

ONCE = (
    "See https://mypy.readthedocs.io/",
    '(or run "mypy --install-types"',
    'Hint: "python3 -m pip install ',
    "(Using --follow-imports=error, ",
    "You may be running mypy in a subpackage, ",
)

STUBS = re.compile(r'Library stubs not installed for "(?P<module>[^"]+)"')


def canonical(lines: list[str]) -> list[str]:
    """The messages in a form that does not depend on what was checked in the same run."""
    found = []
    for line in lines:
        try:
            message: dict[str, Any] = json.loads(line)
        except ValueError:
            found.append(line)
            continue
        if message["message"].startswith(ONCE):
            continue
        kept = [part for part in (message["hint"] or "").split("\n") if part and not part.startswith(ONCE)]
        if stubs := STUBS.match(message["message"]):
            name = stub_distribution_name(stubs["module"])
            kept.extend([f'Hint: "python3 -m pip install {name}"'] if name else [])
        message["hint"] = "\n".join(kept) or None
        found.append(json.dumps(message))
    return found
