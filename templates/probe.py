"""Describes this Python as one line of JSON, as far as it can change a finding.

Run it with `-I -S`, because only the standard library counts.
"""

import hashlib
import importlib.machinery
import json
import os
import sys
import sysconfig

LEFT_OUT = {"site-packages", "dist-packages", "__pycache__"}


def below(folder, package):
    """The dotted names of the modules in a folder and in its packages."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        name = entry.name
        if entry.is_dir():
            if name.isidentifier() and name not in LEFT_OUT:
                yield from below(entry.path, package + name + ".")
            elif name == "lib-dynload":
                yield from below(entry.path, package)
            continue
        for suffix in importlib.machinery.all_suffixes():
            module = name[: -len(suffix)]
            # `_sysconfigdata` modules differ between builds, and programs do not import them.
            if name.endswith(suffix) and module.isidentifier() and not module.startswith("_sysconfig"):
                yield package + module
                break


def modules():
    """All modules of the standard library that are installed."""
    names = set(sys.builtin_module_names)
    for folder in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}:
        names.update(below(folder, ""))
    return names


def system():
    """The operating system, such as `debian 13`."""
    values = {}
    try:
        with open("/etc/os-release", encoding="utf-8", errors="replace") as file:
            for line in file:
                name, _, value = line.strip().partition("=")
                values[name] = value.strip("\"'")
    except OSError:
        return sys.platform
    return " ".join(values[name] for name in ("ID", "VERSION_ID") if name in values)


def main():
    """Prints the description."""
    present = modules()
    known = getattr(sys, "stdlib_module_names", frozenset())
    release = sys.version_info
    version = ".".join(map(str, release[:3]))
    if release.releaselevel != "final":
        version += f"{release.releaselevel}{release.serial}"
    probe = {
        "version": version,
        "implementation": sys.implementation.name,
        "modules": hashlib.sha256("\n".join(sorted(present)).encode()).hexdigest(),
        "missing": sorted(name for name in known - present if name + ".__init__" not in present),
        "system": system(),
    }
    executable = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    found = {"executable": executable, "prefix": os.path.realpath(sys.base_prefix), "probe": probe}
    print(json.dumps(found))


main()
