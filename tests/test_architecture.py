"""The rules of the house that a machine can check: import directions, who writes rows, what the coverage map names."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model

from tests.writes import find_writes

pytestmark = pytest.mark.sqlite_only

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("imsite", "accounts", "messaging", "groups", "chatrooms")
APPS = ("accounts", "messaging", "groups", "chatrooms")

# Besides services (a module or a package) and migrations. The value says why.
WRITERS = {
    "imsite/core/events.py": "publish(keep=True) stores the event in the caller's transaction",
    "messaging/writer.py": "group commit of sends",
    "imsite/core/s3.py": "saves and deletes files",
    "imsite/importing/journal.py": "notes what is imported in the transaction that imports it",
}


def sources() -> list[Path]:
    """Every module of the product, as a path from the root."""
    return sorted(path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def may_write(path: Path) -> bool:
    parts = path.parts
    is_service = parts[0] in APPS and (parts[1] == "services.py" or parts[1] == "services")
    return is_service or "migrations" in parts or path.as_posix() in WRITERS


def relation_names() -> set[str]:
    """Names under which our models reach other rows through a manager that can add and remove them."""
    models = [model for model in apps.get_models() if model.__module__.split(".")[0] in PACKAGES]
    many = {field.name for model in models for field in model._meta.many_to_many}
    back = {
        relation.get_accessor_name()
        for model in models
        for relation in model._meta.related_objects
        if relation.get_accessor_name()
    }
    return many | back


def test_rows_change_only_in_services_the_writer_and_migrations():
    relations = relation_names()
    found = {
        f"{path}:{write.line}: {write.what}"
        for path in sources()
        if not may_write(path)
        for write in find_writes((ROOT / path).read_text(), relations)
    }
    assert not found, "rows are changed outside services:\n" + "\n".join(sorted(found))


def test_every_sanctioned_writer_exists_and_writes():
    for path in WRITERS:
        assert find_writes((ROOT / path).read_text()), f"{path} needs no exception any more"


@pytest.mark.parametrize(
    "line",
    [
        "user.save()",
        "user.save(update_fields=['nickname'])",
        "User.objects.create(username='bob')",
        "User.objects.create(**fields)",
        "User.objects.filter(pk=1).update(nickname='x')",
        "User.objects.filter(pk=1).delete()",
        "Membership.objects.bulk_create(rows, ignore_conflicts=True)",
        "Membership.objects.bulk_update(rows, ['role'])",
        "User.objects.get_or_create(username='bob')",
        "User.objects.update_or_create(username='bob', defaults={})",
        "super().save_model(request, user, form, change)",
        "transaction.on_commit(user.save)",
        "group.members.add(bob)",
        "operator.groups.set([staff])",
        "await user.asave()",
        "cursor.execute('INSERT INTO messaging_message (id) VALUES (1)')",
        "cursor.execute(f'UPDATE {table} SET last_seq = 1')",
        "cursor.execute('''WITH gone AS (\n  DELETE  FROM x RETURNING id) SELECT 1''')",
        "cursor.execute('update messaging_conversation as c set last_seq = 1')",
    ],
)
def test_a_planted_write_is_found(line):
    planted = "def handler(request):\n    'Would update x set y; a docstring may say so.'\n    " + line + "\n"
    if line.startswith("await"):
        planted = "async " + planted
    assert find_writes(planted, {"members", "groups"}), line


@pytest.mark.parametrize(
    "line",
    [
        "digest.update(data)",
        "answers.update({rid: reply})",
        "storage.delete(name)",
        "image.save(buffer, format='PNG')",
        "cache.delete(key)",
        "names.add(name)",
        "self.members.add(name)",
        "text = 'Please update your client, set it up anew'",
    ],
)
def test_what_is_no_write_is_left_alone(line):
    assert not find_writes(line, {"groups"}), line


def test_the_console_changes_rows_through_services(rf):
    """A model's page either cannot add, change and delete, or says itself how: stock saving would go past the rules."""
    request = rf.get("/admin/")
    request.user = get_user_model()(is_active=True, is_staff=True, is_superuser=True)  # whom nothing is forbidden
    past_the_rules = []
    for model, page in admin.site._registry.items():
        if model.__module__.split(".")[0] not in PACKAGES:
            continue
        own = {name for kind in type(page).__mro__ if kind.__module__.split(".")[0] in PACKAGES for name in vars(kind)}
        for is_allowed, writes in (
            (page.has_add_permission(request), {"save_model"}),
            (page.has_change_permission(request), {"save_model"}),
            (page.has_delete_permission(request), {"delete_model", "delete_queryset"}),
        ):
            if is_allowed and not writes <= own:
                past_the_rules.append(
                    f"{type(page).__name__} leaves {' and '.join(sorted(writes))} to the stock console"
                )
    assert not past_the_rules, past_the_rules


def test_imports_point_one_way():
    """The contracts stand in pyproject.toml under tool.importlinter."""
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-logo"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_of_the_wiring_stands_in_the_layers():
    """A new module at the top of imsite takes its place in the import contract."""
    import tomllib

    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = " ".join(contracts[0]["layers"])
    unplaced = [path.stem for path in (ROOT / "imsite").iterdir() if (path.suffix == ".py" or path.is_dir())]
    ignored = {"__init__", "__pycache__", "locale", "settings", "apps", "staticfiles"}
    assert not [name for name in unplaced if name not in ignored and f"imsite.{name}" not in layers]
