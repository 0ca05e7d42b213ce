"""The history of the switches can be added to and never rewritten, by any client of the database.

An empty table may be truncated, or no test suite could be flushed. The table's owner can still disable the trigger; give the
application a role that does not own its tables where that matters.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION dapr_bridge_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    filled boolean;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I)', TG_TABLE_SCHEMA, TG_TABLE_NAME) INTO filled;
        IF NOT filled THEN
            RETURN NULL;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only: correct it with another row, not by %', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER dapr_bridge_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dapr_bridge_switchchange
    FOR EACH STATEMENT EXECUTE FUNCTION dapr_bridge_append_only();
"""
BACKWARD = """
DROP TRIGGER dapr_bridge_append_only ON dapr_bridge_switchchange;
DROP FUNCTION dapr_bridge_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("dapr_bridge", "0003_switches")]

    operations = [migrations.RunSQL(sql=FORWARD, reverse_sql=BACKWARD)]
