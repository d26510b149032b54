"""Installs the project in the working directory, as `pip install --editable .` does, without a network.

Its build system is called as PEP 517 and PEP 660 describe. The packages `pyproject-hooks` and
`installer` do the work, and are in one environment with the build system.
"""

import os
import subprocess
import sys
import sysconfig
import tempfile

NOT_INSTALLED, EXIT = "cargo-pipe-not-installed\n", 96

# The variables with which build systems take a version that they would ask version control for.
VERSIONS = ("SETUPTOOLS_SCM_PRETEND_VERSION", "PDM_BUILD_SCM_VERSION", "PBR_VERSION")


def paths(environment):
    """The folders of a virtual environment of this Python."""
    return sysconfig.get_paths("posix_prefix", {"base": environment, "platbase": environment})


def execute(argv, cwd=None, extra_environ=None):
    """Runs a program; if it fails, shows its output and ends this process."""
    done = subprocess.run(
        argv,
        cwd=cwd,
        env={**os.environ, **(extra_environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(NOT_INSTALLED)
        sys.stderr.flush()
        os.write(2, done.stdout)
        sys.exit(EXIT)


def create_environment(into, dependencies):
    """Creates a virtual environment that has the packages of another one as well; returns its Python."""
    execute([sys.executable, "-I", "-m", "venv", "--without-pip", into])
    if os.path.isdir(dependencies):
        link = os.path.join(paths(into)["purelib"], "dependencies.pth")
        with open(link, "w", encoding="utf-8") as file:
            # Its `.pth` files count as well, which those of a plain path would not.
            file.write(f"import site; site.addsitedir({paths(dependencies)['purelib']!r})\n")
    return os.path.join(into, "bin", "python3")


def build(wheels, python, builders, version, backend, backend_path):
    """Builds an editable wheel, or a plain one with a build system that knows no other; returns it."""
    from pyproject_hooks import BuildBackendHookCaller, HookMissing

    environ = {"PYTHONPATH": builders, **dict.fromkeys(VERSIONS, version)}

    def call(argv, cwd=None, extra_environ=None):
        execute(argv, cwd, {**extra_environ, **environ})

    folders = backend_path.split(":") if backend_path else None
    hooks = BuildBackendHookCaller(os.getcwd(), backend, folders, call, python)
    try:
        return os.path.join(wheels, hooks.build_editable(wheels))
    except HookMissing:
        return os.path.join(wheels, hooks.build_wheel(wheels))


def run(build_environment, dependencies, into, *how):
    """Installs the project into a new environment, which is then the first on PATH."""
    builders = paths(build_environment)["purelib"]
    python = create_environment(into, dependencies)
    sys.path.append(builders)
    from installer import install
    from installer.destinations import SchemeDictionaryDestination
    from installer.sources import WheelFile

    with tempfile.TemporaryDirectory() as wheels:
        with WheelFile.open(build(wheels, python, builders, *how)) as wheel:
            place = SchemeDictionaryDestination(paths(into), python, "posix")
            install(wheel, place, {"INSTALLER": b"cargo-pipe"})
    sys.path.remove(builders)
    os.environ["PATH"] = os.path.join(into, "bin") + os.pathsep + os.environ.get("PATH", "")
