"""The console's pages of its own staff."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from accounts import services
from accounts.models import Operator

LIST = reverse("admin:accounts_operator_changelist")
ADD = reverse("admin:accounts_operator_add")
LONG = "a long enough one"


def change_url(operator):
    return reverse("admin:accounts_operator_change", args=[operator.pk])


@pytest.fixture
def clerk(db):
    """May change operators, but is no superuser."""
    clerk = services.create_operator("clerk", superuser=False)[0]
    clerk.user_permissions.set(Permission.objects.filter(content_type__model="operator"))
    return clerk


@pytest.fixture
def clerks(clerk):
    client = Client()
    client.force_login(clerk)
    return client


def form(operator, **changes):
    values = {"username": operator.username, "first_name": "", "last_name": "", "email": "", "is_active": "on"}
    return {**values, **changes}


def test_a_new_operator(console):
    assert console.get(ADD).status_code == 200
    response = console.post(
        ADD, {"username": "anna", "email": "", "usable_password": "true", "password1": LONG, "password2": LONG}
    )
    assert response.status_code == 302
    anna = Operator.objects.get(username="anna")
    assert anna.check_password(LONG)
    assert anna.is_staff
    assert not anna.is_superuser


def test_a_weak_password_is_refused(console):
    response = console.post(
        ADD, {"username": "anna", "usable_password": "true", "password1": "short", "password2": "short"}
    )
    assert response.status_code == 200
    assert not Operator.objects.filter(username="anna").exists()


def test_change_and_password(console, clerk):
    page = console.get(change_url(clerk)).content.decode()
    assert clerk.password not in page
    support = Group.objects.create(name="Support")
    response = console.post(change_url(clerk), form(clerk, first_name="Anna", groups=[support.pk]))
    assert response.status_code == 302
    stored = Operator.objects.get(pk=clerk.pk)
    assert stored.first_name == "Anna"
    assert list(stored.groups.all()) == [support]
    url = reverse("admin:auth_user_password_change", args=[clerk.pk])
    assert console.get(url).status_code == 200
    console.post(url, {"usable_password": "true", "password1": LONG, "password2": LONG})
    assert Operator.objects.get(pk=clerk.pk).check_password(LONG)


def test_nobody_raises_himself(clerks, clerk, root):
    response = clerks.post(change_url(clerk), form(clerk, is_superuser="on", first_name="Anna"))
    stored = Operator.objects.get(pk=clerk.pk)
    assert response.status_code == 302
    assert (stored.first_name, stored.is_superuser) == ("Anna", False)
    assert clerks.post(change_url(root), form(root, first_name="x")).status_code == 403
    assert clerks.get(reverse("admin:auth_user_password_change", args=[root.pk])).status_code == 403
    assert clerks.post(reverse("admin:accounts_operator_delete", args=[root.pk]), {"post": "yes"}).status_code == 403
    clerks.post(LIST, {"_selected_action": [root.pk], "index": "0", "action": "delete_selected", "post": "yes"})
    assert Operator.objects.filter(pk=root.pk, first_name="").exists()


def test_delete(console, clerk, root):
    assert console.post(reverse("admin:accounts_operator_delete", args=[clerk.pk]), {"post": "yes"}).status_code == 302
    assert not Operator.objects.filter(pk=clerk.pk).exists()
    response = console.post(reverse("admin:accounts_operator_delete", args=[root.pk]), {"post": "yes"}, follow=True)
    assert "nobody can delete their own account" in response.content.decode()
    assert Operator.objects.filter(pk=root.pk).exists()


def test_lists_and_roles(console):
    assert console.get(LIST).status_code == 200
    assert console.get(reverse("admin:accounts_role_changelist")).status_code == 200
    assert console.post(reverse("admin:accounts_role_add"), {"name": "Support"}).status_code == 302


def test_the_first_page_and_the_languages(console, root):
    assert console.get(reverse("admin:index")).status_code == 200
    shown = console.get(reverse("admin:index"), headers={"Accept-Language": "zh-hans"}).content.decode()
    assert 'lang="zh-hans"' in shown
