"""Completions by day, which the operators' charts count."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("todos", "0004_resembles"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="todo",
            index=models.Index(condition=models.Q(("completed_at__isnull", False)), fields=["completed_at"], name="todo_completions"),
        ),
    ]
