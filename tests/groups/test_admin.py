"""The console's page about groups: what it shows, and that every change goes through the services."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts import services as accounts
from accounts.models import Application, User
from groups import services
from groups.events import (
    GroupCreated,
    GroupDissolved,
    GroupInfoChanged,
    KeepersAdded,
    KeepersRemoved,
    MembersAdded,
    MembersRemoved,
    MembersSilenced,
    OwnerChanged,
    SilenceLifted,
)
from groups.models import Group


@pytest.fixture
def console(client, db):
    """A client that is signed in as a superuser."""
    operator, _ = accounts.create_operator("root")
    client.force_login(operator)
    return client


@pytest.fixture
def change(club):
    return reverse("admin:groups_group_change", args=[club.pk])


LIST = reverse("admin:groups_group_changelist")
INLINE = {f"memberships-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")}


ROLES = dict.fromkeys(("new_owner", "add_keepers", "remove_keepers", "silence", "unsilence"), "")


def form(**changes):
    return {
        "name": "Club",
        "desc": "",
        "avatar": "",
        "add_members": "",
        "remove_members": "",
        **ROLES,
        **INLINE,
        **changes,
    }


def usernames(group):
    return set(group.memberships.values_list("user__username", flat=True))


def said(response):
    """The messages to the operator on the page that follows."""
    return [str(message) for message in response.context["messages"]]


def test_the_list_finds_and_filters(console, club, alice, carol, other_application, server):
    services.create_group("Reading", owner=carol, type=Group.Type.PUBLIC, by=server)
    gone = services.create_group("Gone", owner=alice, by=server)
    services.dissolve(gone, by=server)

    def shown(**query):
        response = console.get(LIST, query)
        assert response.status_code == 200
        return {group.name for group in response.context["cl"].result_list}

    assert shown() == {"Club", "Reading"}
    assert shown(state="dissolved") == {"Gone"}
    assert shown(type__exact=Group.Type.PUBLIC) == {"Reading"}
    assert shown(application__id__exact=other_application.pk) == set()
    assert shown(q="clu") == {"Club"}
    assert shown(q=str(club.pk)) == {"Club"}
    assert shown(q="carol") == {"Reading"}
    assert shown(q="nothing of this") == set()


def test_the_list_costs_the_same_however_many(console, application, alice, server, django_assert_max_num_queries):
    for number in range(30):
        services.create_group(f"g{number}", owner=alice, by=server)
    with django_assert_max_num_queries(12):
        console.get(LIST)


def test_the_page_shows_members_in_pages(console, club, change, application, server, django_assert_max_num_queries):
    users = User.objects.bulk_create(
        User(application=application, username=f"user{number:04}", updated_at=application.created_at)
        for number in range(200)
    )
    services.change_members(club, add=users, by=server)
    with django_assert_max_num_queries(16):
        page = console.get(change).content.decode()
    assert "user0010" in page
    assert "user0150" not in page


def test_changes_are_made_by_the_services(console, club, change, carol, dave, published):
    published.clear()
    response = console.post(
        change, form(name="Clubs", desc="ours", add_members="carol\r\ndave1", remove_members="bobby"), follow=True
    )
    assert response.status_code == 200
    club.refresh_from_db()
    assert (club.name, club.desc) == ("Clubs", "ours")
    assert usernames(club) == {"alice", "carol", "dave1"}
    assert [type(event) for event in published] == [GroupInfoChanged, MembersAdded, MembersRemoved]
    assert {event.from_username for event in published} == {""}


def test_nothing_changed_is_not_told(console, change, published):
    published.clear()
    console.post(change, form())
    assert published == []


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"add_members": "nobody"}, "no such user: nobody"),
        ({"add_members": "eve22"}, "no such user: eve22"),
        ({"remove_members": "nobody"}, "no such user: nobody"),
        ({"name": ""}, "required"),
        ({"name": "名" * 22}, "bytes"),
    ],
)
def test_what_the_form_refuses_stands_beside_the_field(console, club, change, eve, published, changes, text):
    published.clear()
    response = console.post(change, form(**{"desc": "x", **changes}))
    assert response.status_code == 200
    assert text in str(response.context["adminform"].form.errors)
    club.refresh_from_db()
    assert (club.name, club.desc, published) == ("Club", "", [])


def test_a_refusal_of_the_services_is_a_message_and_changes_nothing(console, club, change, carol, published):
    published.clear()
    response = console.post(change, form(name="Clubs", add_members="bobby"), follow=True)
    assert "in the group already: bobby" in said(response)
    club.refresh_from_db()
    assert (club.name, usernames(club)) == ("Club", {"alice", "bobby"})
    assert published == []


def test_a_new_group(console, application, alice, bob, published):
    add = reverse("admin:groups_group_add")
    assert console.get(add).status_code == 200
    body = {"application": application.pk, "name": "New", "desc": "", "type": "1", "owner_name": "alice"}
    response = console.post(add, {**body, "members": "bobby"}, follow=True)
    assert response.status_code == 200
    group = Group.objects.get()
    assert (group.name, group.owner, usernames(group)) == ("New", alice, {"alice", "bobby"})
    assert [type(event) for event in published] == [GroupCreated]
    for wrong in (
        {"owner_name": "eve22"},
        {"owner_name": ""},
        {"members": "nobody"},
        {"name": ""},
        {"application": ""},
    ):
        response = console.post(add, {**body, **wrong})
        assert response.status_code == 200
        assert response.context["adminform"].form.errors
    assert Group.objects.count() == 1


def test_a_new_group_that_the_services_refuse(console, application, alice):
    Application.objects.filter(pk=application.pk).update(settings={"groups_per_user": 0})
    body = {"application": application.pk, "name": "New", "desc": "", "type": "1", "owner_name": "alice", "members": ""}
    response = console.post(reverse("admin:groups_group_add"), body, follow=True)
    assert said(response) == ["in 0 groups already: alice"]
    assert not Group.objects.exists()


def test_dissolving_from_the_page(console, club, change, published):
    published.clear()
    button = "groups_group_dissolve_this"
    assert f'name="{button}"' in console.get(change).content.decode()
    response = console.post(change, form(**{button: ""}), follow=True)
    assert response.status_code == 200
    club.refresh_from_db()
    assert club.dissolved_at is not None
    assert [type(event) for event in published] == [GroupDissolved]
    # It is shown as it was, and changed no more.
    page = console.get(change)
    assert page.status_code == 200
    assert button not in page.content.decode()
    assert console.post(change, form(name="x")).status_code == 403


def test_dissolving_and_restoring_from_the_list(console, club, alice, server, published):
    empty = services.create_group("Empty", owner=alice, by=server)
    services.leave_group(empty, alice, by=server)
    published.clear()
    pick = {"_selected_action": [club.pk]}
    console.post(LIST, {"action": "dissolve", **pick}, follow=True)
    club.refresh_from_db()
    assert club.dissolved_at is not None
    response = console.post(
        f"{LIST}?state=dissolved", {"action": "restore", "_selected_action": [club.pk, empty.pk]}, follow=True
    )
    club.refresh_from_db()
    assert club.dissolved_at is None
    assert [type(event) for event in published] == [GroupDissolved, GroupCreated]
    assert said(response) == [
        "Empty: The group has no member any more, so it cannot be restored",
        "1 group was changed.",
    ]


def test_nothing_is_deleted(console, club):
    assert console.post(reverse("admin:groups_group_delete", args=[club.pk]), {"post": "yes"}).status_code == 403
    console.post(LIST, {"action": "delete_selected", "_selected_action": [club.pk], "post": "yes"})
    assert Group.objects.filter(pk=club.pk, dissolved_at=None).exists()


def test_permissions(client, club, change):
    operator, _ = accounts.create_operator("clerk", superuser=False)
    client.force_login(operator)
    assert client.get(LIST).status_code == 403
    operator.user_permissions.add(Permission.objects.get(codename="view_group", content_type__app_label="groups"))
    assert client.get(change).status_code == 200
    assert client.post(change, form(name="x")).status_code == 403
    client.post(LIST, {"action": "dissolve", "_selected_action": [club.pk]})
    assert client.post(reverse("admin:groups_group_add"), {}).status_code == 403
    club.refresh_from_db()
    assert (club.name, club.dissolved_at) == ("Club", None)


def test_roles_are_given_and_taken(console, change, club, carol, dave, server, published):
    services.change_members(club, add=[carol, dave], by=server)
    published.clear()
    console.post(change, form(add_keepers="bobby\ncarol", silence="dave1", new_owner="carol"))
    roles = dict(club.memberships.values_list("user__username", "role"))
    assert roles == {"alice": 0, "bobby": 2, "carol": 1, "dave1": 0}
    assert club.memberships.get(user=dave).silenced_until is not None
    assert [type(event) for event in published] == [KeepersAdded, MembersSilenced, OwnerChanged]
    assert "until it is lifted" in console.get(change).content.decode()
    published.clear()
    console.post(change, form(remove_keepers="bobby", unsilence="dave1"))
    assert dict(club.memberships.values_list("user__username", "role"))["bobby"] == 0
    assert club.memberships.get(user=dave).silenced_until is None
    assert [type(event) for event in published] == [KeepersRemoved, SilenceLifted]


@pytest.mark.django_db(transaction=True)
def test_of_a_form_that_is_refused_nothing_is_done(console, change, club, carol, published):
    response = console.post(change, form(name="Other", add_keepers="bobby", new_owner="carol"), follow=True)
    assert said(response) == ["not in the group: carol"]
    assert dict(club.memberships.values_list("user__username", "role")) == {"alice": 1, "bobby": 0}
    assert Group.objects.get(pk=club.pk).name == "Club"


def test_the_table_of_members_is_headed_in_chinese_too(console, change):
    page = console.get(change, headers={"accept-language": "zh-hans"}).content.decode()
    assert "用户" in page
    assert ">User<" not in "".join(page.split())
