"""The console's page about what was imported."""

import pytest
from django.urls import reverse

from accounts import services as accounts
from imsite.importing.journal import Journal

LIST = reverse("admin:importing_importeditem_changelist")


@pytest.fixture
def console(client, db):
    operator, _ = accounts.create_operator("root")
    client.force_login(operator)
    return client


def test_an_old_group_is_found_by_its_old_and_its_new_id(console, application, django_assert_max_num_queries):
    journal = Journal(application, "api.example.com/key")
    journal.note("groups", {str(number): number + 100 for number in range(1, 20)})
    with django_assert_max_num_queries(12):
        response = console.get(LIST, {"q": "7"})
    assert [(item.key, item.made_id) for item in response.context["cl"].result_list] == [("7", 107)]
    (item,) = console.get(LIST, {"q": "107"}).context["cl"].result_list
    assert item.key == "7"
    assert console.get(reverse("admin:importing_importeditem_change", args=[item.pk])).status_code == 200
    assert console.get(reverse("admin:importing_importeditem_add")).status_code == 403
    assert console.get(reverse("admin:importing_importeditem_delete", args=[item.pk])).status_code == 403
