"""Prints the names of the files that pre-commit passes to a hook, of those on standard input.

The argument is a JSON object with `types`, of which a file has at least one, and the expressions in
`files` and `exclude`.
"""

import json
import re
import sys

from identify import identify

hook = json.loads(sys.argv[1])
for name in sys.stdin.read().splitlines():
    tags = identify.tags_from_path(name)
    if (
        "file" in tags
        and tags.intersection(hook["types"])
        and all(re.search(pattern, name) for pattern in hook["files"])
        and not any(re.search(pattern, name) for pattern in hook["exclude"])
    ):
        print(name)
