"""How PostgreSQL keeps the outbox: room for updates in place, and vacuum long before a fifth of the table is dead."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("dapr_bridge", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql="""
            ALTER TABLE dapr_bridge_outbox SET (
                fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000
            )
            """,
            reverse_sql="""
            ALTER TABLE dapr_bridge_outbox RESET (
                fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold
            )
            """,
        )
    ]
