"""Bans get a table of their own, so that leaving a room and coming back does not lift them."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Exists, OuterRef


def keep_bans(apps: Any, schema_editor: Any) -> None:
    membership, ban = apps.get_model("chatrooms", "RoomMembership"), apps.get_model("chatrooms", "RoomBan")
    banned = membership.objects.filter(banned=True).order_by("pk").values_list("room_id", "user_id")
    rows = (ban(room_id=room_id, user_id=user_id) for room_id, user_id in banned.iterator())
    ban.objects.bulk_create(rows, batch_size=500)


def mark_members(apps: Any, schema_editor: Any) -> None:
    """The way back: a ban of somebody who is not in the room is lost, as it used to be."""
    membership, ban = apps.get_model("chatrooms", "RoomMembership"), apps.get_model("chatrooms", "RoomBan")
    own = ban.objects.filter(room=OuterRef("room"), user=OuterRef("user"))
    membership.objects.filter(Exists(own)).update(banned=True)


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("accounts", "0001_initial"),
        ("chatrooms", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="RoomBan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="since")),
                (
                    "banned_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="banned by",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bans",
                        to="chatrooms.chatroom",
                        verbose_name="chat room",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="room_bans",
                        to="accounts.user",
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "ban in a chat room",
                "verbose_name_plural": "bans in chat rooms",
                "constraints": [models.UniqueConstraint(fields=("room", "user"), name="room_ban_once")],
            },
        ),
        migrations.RunPython(keep_bans, mark_members),
        migrations.RemoveField(model_name="roommembership", name="banned"),
    ]
