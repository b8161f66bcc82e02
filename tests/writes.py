"""Finds the places where a module's source changes rows. Reads the syntax tree, so it judges names, not types.

What counts as a write:
- a call of a method that only changes rows (bulk_create, get_or_create, ...), whatever its arguments;
- the stock console's own saving and deleting, as `super().save_model(...)`;
- `save`, `create`, `update`, `delete` (and their `a...` forms) called without positional arguments, as querysets,
  managers and rows are: `digest.update(data)`, `storage.delete(name)`, `image.save(file)` pass something by position;
- any of these named without being called, as in `on_commit(row.save)`;
- `add`, `remove`, `set`, `clear` on a relation of our models, as in `group.members.add(user)`;
- SQL that inserts, updates or deletes, in any string that is no docstring.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

ALWAYS = {
    "bulk_create", "bulk_update", "get_or_create", "update_or_create", "create_user", "create_superuser", "_raw_delete",
    "abulk_create", "abulk_update", "aget_or_create", "aupdate_or_create", "acreate_user", "acreate_superuser",
    "save_base", "save_m2m",
}  # fmt: skip
OF_THE_CONSOLE = {"save_model", "save_related", "save_formset", "delete_model", "delete_queryset"}
WITHOUT_POSITION = {"save", "create", "update", "delete", "asave", "acreate", "aupdate", "adelete"}
ON_RELATION = {"add", "remove", "set", "clear", "aadd", "aremove", "aset", "aclear"}
SQL = re.compile(
    r"\b(insert\s+(or\s+\w+\s+)?into|replace\s+into|delete\s+from|update\s+(only\s+)?[\w\"{}.]+\s+(as\s+\w+\s+)?set|truncate\s+\w|merge\s+into)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Write:
    line: int
    what: str


def find_writes(source: str, relations: Iterable[str] = ()) -> list[Write]:
    """The writes in this source; `relations` are the names of relation managers of the models."""
    tree = ast.parse(source)
    found = set(_calls(tree, set(relations))) | set(_mentions(tree)) | set(_sql(tree))
    return sorted(found, key=lambda write: (write.line, write.what))


def _calls(tree: ast.AST, relations: set[str]) -> Iterator[Write]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        name, owner = node.func.attr, node.func.value
        is_stock = name in OF_THE_CONSOLE and isinstance(owner, ast.Call) and ast.unparse(owner).startswith("super(")
        if name in ALWAYS or is_stock or (name in WITHOUT_POSITION and not node.args):
            yield Write(node.lineno, f".{name}()")
        elif name in ON_RELATION and isinstance(owner, ast.Attribute) and owner.attr in relations:
            yield Write(node.lineno, f".{owner.attr}.{name}()")


def _mentions(tree: ast.AST) -> Iterator[Write]:
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        is_mention = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and id(node) not in called
        if is_mention and node.attr in ALWAYS | WITHOUT_POSITION:
            yield Write(node.lineno, f".{node.attr}")


def _sql(tree: ast.AST) -> Iterator[Write]:
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    # The pieces of an f-string are read together: the name of the table may be one of them.
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            text = node.value
        else:
            continue
        if match := SQL.search(text):
            yield Write(node.lineno, f"SQL {' '.join(match.group().split()[:2])}")
