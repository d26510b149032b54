//! Words that make a program execute or write something, in lists that are split at spaces.

/// Variables that make a program execute or write something.
pub(super) const VARIABLES: &str = "\
    PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONUSERBASE PYTHONPLATLIBDIR PYTHONEXECUTABLE \
    PYTHONBREAKPOINT PYTHONWARNINGS PYTHONPYCACHEPREFIX PYTHONINSPECT PYTHONCASEOK \
    PYTHONSAFEPATH LD_PRELOAD LD_AUDIT LD_LIBRARY_PATH LD_PROFILE LD_DEBUG_OUTPUT GCONV_PATH \
    LOCPATH GLIBC_TUNABLES MALLOC_TRACE PYLINTRC PYLINTHOME PYLINT_HOME XDG_CONFIG_HOME \
    XDG_CONFIG_DIRS XDG_CACHE_HOME HOME MYPYPATH MYPY_CACHE_DIR MYPY_CONFIG_FILE_DIR \
    BLACK_CACHE_DIR BLACK_NUM_WORKERS RUFF_CACHE_DIR RUFF_OUTPUT_FILE RUFF_CONFIG PATH BASH_ENV \
    ENV SHELL EDITOR PAGER VIRTUAL_ENV COVERAGE_PROCESS_START OPENSSL_CONF TMPDIR PYTHONDEBUG \
    PYTHONPROFILEIMPORTTIME DYLD_INSERT_LIBRARIES PYTHONMALLOCSTATS PYTEST_PLUGINS \
    PYTEST_ADDOPTS GIT_EXTERNAL_DIFF CARGO_PIPE_ALLOW CARGO_PIPE_ENVIRONMENTS pythonpath";

/// Values of variables and arguments; see `fill`.
pub(super) const PLACES: &str = "\
    src ./src /app/src PROJECT/src src:src/bin src/evil.py src/evil.so PROJECT/src/evil.so \
    ./src/evil.so src/evil.rc src/evil.ini src/xdg OUTSIDE OUTSIDE/written src/bin \
    PROJECT/src/bin evil error::evil.Evil evil.Evil ../src src/bin/python";

/// Files that a program may execute because of their names.
pub(super) const NAMES: &str = "\
    sitecustomize.py usercustomize.py evil.pth conftest.py pylint.py pylint/__init__.py \
    pylint/extensions/evil.py pylint_plugins.py mypy.py mypy/__init__.py black.py ruff.py \
    isort.py astroid.py tomllib.py tomli.py typing_extensions.py dill.py enchant.py \
    encodings/__init__.py site.py os.py io.py __main__.py setup.py pyvenv.cfg \
    python3.13/site-packages/sitecustomize.py lib/python3.13/site-packages/evil.pth \
    .local/lib/python3.13/site-packages/usercustomize.py six.py attr.py tomlkit.py \
    platformdirs.py mccabe.py pathspec.py click.py mypy_extensions.py _pytest/__init__.py \
    distutils-precedence.pth __init__.py __editable___x_finder.py json.py re.py random.py \
    string.py types.py enum.py";

/// Arguments of each check that execute or write something.
pub(super) const ARGUMENTS: &[(&str, &str)] = &[
    (
        "lint",
        "\
    --rcfile=src/evil.rc --rcfile|src/evil.rc --rcfil=src/evil.rc --init-hook=PAYLOAD \
    --init-hoo=PAYLOAD --init-hook|PAYLOAD --load-plugins=evil --load-plugin=evil \
    --load-plugins|evil --output=OUTSIDE/written --outpu=OUTSIDE/written \
    --output-format=evil.Evil --output-format=text:OUTSIDE/written -fevil.Evil -f|evil.Evil \
    --import-graph=OUTSIDE/written.dot --ext-import-graph=OUTSIDE/written.dot \
    --int-import-graph=OUTSIDE/written.gv --unsafe-load-any-extension=y|src/evilext.py \
    --extension-pkg-allow-list=evilext --generate-toml-config @src/arguments \
    --spelling-private-dict-file=OUTSIDE/written|--spelling-store-unknown-words=y \
    --source-roots=OUTSIDE --|--init-hook=PAYLOAD -j|2|--init-hook=PAYLOAD --long-help \
    --errors-only|--load-plugins=evil --enable-all-extensions --prefer-stubs=y \
    OUTSIDE/secret.txt --from-stdin",
    ),
    (
        "mypy",
        "\
    --config-file=src/evil.ini --config-file|src/evil.ini --config-fil=src/evil.ini \
    --python-executable=src/bin/python --python-exec|src/bin/python \
    --custom-typeshed-dir=OUTSIDE --cache-dir=OUTSIDE/written --cache-di|OUTSIDE/written \
    --junit-xml=OUTSIDE/written --txt-report=OUTSIDE --html-report|OUTSIDE \
    --linecount-report=OUTSIDE --any-exprs-report|OUTSIDE --lineprecision-report=OUTSIDE \
    --linecoverage-report=OUTSIDE --install-types|--non-interactive @src/arguments \
    --shadow-file|src/main.py|OUTSIDE/secret.txt --pdb --package-root=OUTSIDE OUTSIDE/secret.txt \
    -c|__import__('evil') -m|evil --raise-exceptions|--pdb --timing-stats=OUTSIDE/written \
    --line-checking-stats=OUTSIDE/written --dump-build-stats",
    ),
    (
        "ruff",
        "\
    --config=src/evil.toml --config|src/evil.toml --config|cache-dir=\"OUTSIDE\" \
    --config|extend=\"OUTSIDE/secret.txt\" --cache-dir=OUTSIDE/written \
    --cache-dir|OUTSIDE/written --output-file=OUTSIDE/written -oOUTSIDE/written \
    -o|OUTSIDE/written --fix --add-noqa --unsafe-fixes|--fix --watch OUTSIDE/secret.txt \
    @src/arguments --stdin-filename=OUTSIDE/secret.txt",
    ),
    (
        "format",
        "\
    --config=src/evil.toml --config|src/evil.toml --code=x -c|x OUTSIDE/secret.txt \
    --workers=100000 --stdin-filename=OUTSIDE/secret.txt - @src/arguments --force-exclude=x \
    --required-version=1 --conf|src/evil.toml",
    ),
];

/// Files that each check may read its configuration from.
pub(super) const FILES: &[(&str, &str)] = &[
    (
        "lint",
        "\
    .config/.pylintrc .pylintrc pylintrc pylintrc.toml .pylintrc.toml pyproject.toml setup.cfg \
    tox.ini src/.pylintrc src/pyproject.toml",
    ),
    (
        "mypy",
        "\
    .config/mypy.ini mypy.ini .mypy.ini pyproject.toml setup.cfg src/mypy.ini",
    ),
    (
        "ruff",
        "\
    .config/pyproject.toml ruff.toml .ruff.toml pyproject.toml src/ruff.toml src/pyproject.toml",
    ),
    (
        "format",
        "\
    .config/black.toml pyproject.toml src/pyproject.toml",
    ),
];

/// Keys of each check's configuration that execute or write something, with a value.
pub(super) const KEYS: &[(&str, &str)] = &[
    (
        "lint",
        "\
    init-hook=PAYLOAD load-plugins=evil output-format=evil.Evil output=OUTSIDE/written \
    import-graph=OUTSIDE/written.dot unsafe-load-any-extension=yes \
    extension-pkg-allow-list=evilext extension-pkg-whitelist=evilext init-hoo=PAYLOAD \
    init_hook=PAYLOAD load-plugin=evil load-plugins=src.evil rcfile=src/evil.rc \
    source-roots=OUTSIDE ext-import-graph=OUTSIDE/written.gv unsafe-load-any-ext=yes \
    init-hook=__import__('evil') reports=PAYLOAD evaluation=__import__('evil') \
    spelling-private-dict-file=OUTSIDE/written msg-template={__class__.__init__.__globals__} \
    load-plugins=pylint.extensions.evil dummy-variables-rgx=(a+)+$ fail-under=__import__('evil')",
    ),
    (
        "mypy",
        "\
    plugins=evil plugins=src/evil.py plugins=./src/evil.py:entry plugins=evil:entry \
    python_executable=src/bin/python cache_dir=OUTSIDE/written html_report=OUTSIDE \
    txt_report=OUTSIDE linecount_report=OUTSIDE any_exprs_report=OUTSIDE \
    custom_typeshed_dir=OUTSIDE junit_xml=OUTSIDE/written mypy_path=OUTSIDE:$HOME \
    files=OUTSIDE/secret.txt lineprecision_report=OUTSIDE config_file=src/evil.ini \
    enable_incomplete_feature=evil timing_stats=OUTSIDE/written plugins=mypy.plugins.evil,evil \
    linecoverage_report=OUTSIDE",
    ),
    (
        "ruff",
        "\
    extend=OUTSIDE/secret.txt cache-dir=OUTSIDE/written extend=~/secret.txt \
    output-file=OUTSIDE/written fix=true src=OUTSIDE extend=src/evil.toml",
    ),
    (
        "format",
        "\
    code=x config=src/evil.toml src=OUTSIDE/secret.txt workers=100000 required-version=1 \
    cache=OUTSIDE/written include=(a+)+$",
    ),
];
