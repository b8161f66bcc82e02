from django.db import migrations, models

# What was sent under an Idempotency-Key so far: the first of an application keeps the key. A later one under the same key of
# another sender stays a message, and its request is a conflict from now on.
KEEP_KEYS = """
UPDATE messaging_message SET request_key = substr(client_id, 5) WHERE id IN (
    SELECT MIN(id) FROM messaging_message WHERE client_id LIKE 'key:%' GROUP BY application_id, client_id
)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="request_key",
            field=models.CharField(max_length=92, null=True),
        ),
        migrations.RunSQL(KEEP_KEYS, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(
                condition=models.Q(("request_key__isnull", False)),
                fields=("application", "request_key"),
                name="message_request_key_once",
            ),
        ),
    ]
