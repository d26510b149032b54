"""Decides whether the installed pylint and astroid can be linted with file by file.

`patches` changes insides of both, and the records are right only if those insides work as they did
in the releases that the worker was tested with. A release with the same files is known. So is one
whose files differ only where the worker does not rely on them: the definitions named in `GUARDED`
are unchanged, and every other definition of these modules keeps as much from one call to the next
as it did, in attributes, items, globals and caches.

After a change of `GUARDED` or of the locked releases, the test
`guard::the_locked_releases_are_known` prints the two digests for `KNOWN`.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Callable, Iterable, Iterator

GUARDED: dict[str, tuple[str, ...] | None] = {
    "astroid.brain.brain_collections": (),
    "astroid.brain.brain_typing": (),
    "astroid.builder": None,
    "astroid.context": None,
    "astroid.inference_tip": None,
    "astroid.manager": None,
    "astroid.modutils": None,
    "astroid.nodes._base_nodes": ("ImportNode.do_import_module",),
    "astroid.nodes.node_ng": ("NodeNG.infer",),
    "astroid.nodes.scoped_nodes.mixin": None,
    "astroid.nodes.scoped_nodes.scoped_nodes": (
        "Module.import_module",
        "FunctionDef.type",
        "_is_metaclass",
        "_class_type",
        "ClassDef.declared_metaclass",
        "ClassDef._islots",
        "ClassDef._slots",
        "ClassDef._all_slots",
        "ClassDef.slots",
    ),
    "astroid.rebuilder": ("TreeRebuilder.visit_import", "TreeRebuilder.visit_importfrom"),
    "astroid.transforms": None,
    "pylint.checkers.design_analysis": (),
    "pylint.checkers.imports": (
        "ImportsChecker.open",
        "ImportsChecker.close",
        "ImportsChecker.get_map_data",
        "ImportsChecker.reduce_map_data",
        "ImportsChecker.leave_module",
        "ImportsChecker._add_imported_module",
        "ImportsChecker._import_graph_without_ignored_edges",
    ),
    "pylint.checkers.symilar": None,
    "pylint.lint.pylinter": (
        "PyLinter.initialize",
        "PyLinter.prepare_checkers",
        "PyLinter.check",
        "PyLinter.open",
        "PyLinter.get_ast",
        "PyLinter.set_current_module",
        "PyLinter.check_astroid_module",
        "PyLinter._get_asts",
        "PyLinter._lint_files",
        "PyLinter._lint_file",
        "PyLinter._check_file",
        "PyLinter._get_namespace_for_file",
        "PyLinter._astroid_module_checker",
        "PyLinter._check_astroid_module",
        "PyLinter._add_one_message",
    ),
    "pylint.utils.ast_walker": None,
    "pylint.utils.utils": ("tokenize_module",),
}
"""The definitions whose source is changed or relied on, by module; `None` for the whole module."""

KNOWN = frozenset({"b070a2bfe2564d2237474d8ecec224dd", "27647d539d85e8bec78c6dfcb0984b44"})
"""The digests of astroid 4.3.4 with pylint 4.1.4: of the whole files, and of what is relied on."""


def is_known() -> bool:
    """Whether the installed releases work as the worker relies on."""
    try:
        # Parsing the files takes 0.1 s, which the locked releases are spared.
        return digest(whole) in KNOWN or digest(relied_on) in KNOWN
    except (ImportError, OSError):
        # Another release may not have these modules.
        return False


def digest(parts: Callable[[str, tuple[str, ...] | None], Iterable[str]]) -> str:
    """One hash over these parts of the guarded modules."""
    content = hashlib.blake2b(digest_size=16)
    for module, names in GUARDED.items():
        spec = importlib.util.find_spec(module)
        with open((spec and spec.origin) or "", encoding="utf-8") as file:
            source = file.read()
        for part in (module, *parts(source, names)):
            encoded = part.encode()
            content.update(b"%d\0" % len(encoded) + encoded)
    return content.hexdigest()


def whole(source: str, _: tuple[str, ...] | None) -> Iterator[str]:
    """The whole source of a module."""
    yield source


def relied_on(source: str, names: tuple[str, ...] | None) -> Iterator[str]:
    """The lines of a module that the worker relies on.

    They are taken as they are written, because each Python has its own form of a syntax tree.
    """
    if names is None:
        yield source
    else:
        yield from _definitions(ast.parse(source).body, "", names, source.split("\n"))


def _definitions(
    body: list[ast.stmt], prefix: str, names: tuple[str, ...], lines: list[str]
) -> Iterator[str]:
    def written(node: ast.stmt | ast.expr, first: int = 0) -> str:
        return "\n".join(lines[(first or node.lineno) - 1 : node.end_lineno])

    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            name = prefix + node.name
            if name in names:
                yield written(node, min(it.lineno for it in (node, *node.decorator_list)))
                continue
            caches = [it for it in map(written, node.decorator_list) if "cache" in it]
            if caches:
                yield "\n".join([*caches, name])
            if isinstance(node, ast.ClassDef):
                yield from map(written, node.bases)
                yield from _definitions(node.body, f"{name}.", names, lines)
            else:
                yield from (written(it) for it in ast.walk(node) if _keeps(it))
        elif not isinstance(node, (ast.Import, ast.ImportFrom)) and not _is_docstring(node):
            yield written(node)


def _keeps(node: ast.AST) -> bool:
    """Whether something written here can be read after the function has returned."""
    if isinstance(node, (ast.Attribute, ast.Subscript)):
        return not isinstance(node.ctx, ast.Load)
    return isinstance(node, ast.Global)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
