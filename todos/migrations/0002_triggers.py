"""Tokens, versions, sync marks and tombstones, kept by the database."""

from django.db import migrations

from todos.triggers import CREATE, DROP


class Migration(migrations.Migration):
    dependencies = [("todos", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
