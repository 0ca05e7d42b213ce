"""Where a new todo goes, found under its owner's lock in one round trip."""

from django.db import migrations

# VOLATILE matters: each statement of the function then has its own snapshot, so the second sees what was committed while
# the first waited for the lock. In one statement the position could be taken by a writer it does not see.
CREATE = """
CREATE FUNCTION todos_place_for_new(owner uuid) RETURNS TABLE (last_position text, inbox uuid) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM 1 FROM todos_revision WHERE user_id = owner FOR NO KEY UPDATE;
  RETURN QUERY SELECT (SELECT max(t.position) FROM todos_todo t WHERE t.owner_id = owner)::text,
                      (SELECT p.id FROM todos_project p WHERE p.owner_id = owner AND p.is_inbox);
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("todos", "0002_triggers")]
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION todos_place_for_new(uuid)")]
