"""Downloads packages of Rust and unpacks them as a directory source of cargo.

It is started with two paths: a list, which has a line with name, version and SHA-256 hash for each
package, and an empty folder. Nothing of a package is executed.
"""

import concurrent.futures
import hashlib
import io
import json
import os
import sys
import tarfile
import time
import urllib.request

URL = "https://static.crates.io/crates/{name}/{name}-{version}.crate"
ATTEMPTS = 4
THREADS = 8
MIB = 1 << 20
# A package has at most 10 MiB in the registry, and some older ones have more.
LARGEST = 128 * MIB
LARGEST_UNPACKED = 1024 * MIB
# The time that cargo itself gives to the files of a package.
MODIFIED = 1153704088


def download(name, version):
    request = urllib.request.Request(
        URL.format(name=name, version=version.replace("+", "%2B")),
        headers={"User-Agent": "cargo-pipe"},
    )
    for attempt in range(ATTEMPTS):
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                content = answer.read(LARGEST + 1)
            break
        except OSError as error:
            if attempt + 1 == ATTEMPTS or getattr(error, "code", 500) in (403, 404):
                raise
            time.sleep(2**attempt)
    if len(content) > LARGEST:
        raise ValueError("it is larger than any package may be")
    return content


def unpack(content, prefix, folder):
    size = 0
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        for member in archive:
            parts = member.name.split("/")
            if parts[0] != prefix or ".." in parts or "" in parts[:-1]:
                raise ValueError(f"unexpected path {member.name!r}")
            path = os.path.join(folder, *parts)
            if member.isdir():
                os.makedirs(path, exist_ok=True)
                continue
            if not member.isfile():
                continue
            size += member.size
            if size > LARGEST_UNPACKED:
                raise ValueError("its files are larger than those of any package may be")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(archive.extractfile(member).read())
            os.chmod(path, 0o755 if member.mode & 0o100 else 0o644)
            os.utime(path, (MODIFIED, MODIFIED))


def fetch(line, folder):
    name, version, expected = line.split()
    try:
        content = download(name, version)
        found = hashlib.sha256(content).hexdigest()
        if found != expected:
            raise ValueError(f"its hash is {found}, and Cargo.lock has {expected}")
        prefix = f"{name}-{version}"
        unpack(content, prefix, folder)
        checksum = os.path.join(folder, prefix, ".cargo-checksum.json")
        with open(checksum, "w", encoding="utf-8") as file:
            json.dump({"files": {}, "package": expected}, file)
    except (OSError, ValueError, tarfile.TarError, EOFError) as error:
        return f"{name} {version}: {error}"
    return None


def main():
    listed, folder = sys.argv[1:]
    with open(listed, encoding="utf-8") as file:
        lines = file.read().splitlines()
    os.makedirs(folder, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        errors = [error for error in pool.map(lambda line: fetch(line, folder), lines) if error]
    if errors:
        sys.exit("cannot download packages of Rust:\n" + "\n".join(errors[:10]))
    print(f"downloaded {len(lines)} packages of Rust")


if __name__ == "__main__":
    main()
