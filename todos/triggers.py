"""The database triggers of the product, as SQL for migrations: tokens, versions, sync marks, tombstones.

They live in PostgreSQL because every writer must be covered: services, admin, bulk statements, cascades, raw SQL.

- Statement triggers move the owners' `Revision.token` once per transaction. They only UPDATE (an upsert would bring
  back the row of a user being deleted) and lock the rows sorted by user, as all writers do.
- Row triggers on what the API shows set `version`, `updated_at`, `changed_in` and a todo's `due_sort`.
- `changed_in` is the transaction's id. `changes` reads it against the snapshot's xmin, which makes the feed complete
  under concurrent writers (see docs/decisions).
"""

FUNCTIONS = """
CREATE FUNCTION todos_this_transaction() RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT pg_current_xact_id()::text::bigint $$;

CREATE FUNCTION todos_move_tokens(owners uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM todos_revision WHERE user_id = ANY (owners) ORDER BY user_id FOR NO KEY UPDATE;
  UPDATE todos_revision SET token = gen_random_uuid()
   WHERE user_id = ANY (owners) AND xmin <> (pg_current_xact_id()::xid);
END $$;

CREATE FUNCTION todos_rows_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM todos_move_tokens(ARRAY(SELECT DISTINCT owner_id FROM written));
  RETURN NULL;
END $$;

CREATE FUNCTION todos_rows_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM todos_move_tokens(ARRAY(SELECT owner_id FROM was UNION SELECT owner_id FROM became));
  RETURN NULL;
END $$;

CREATE FUNCTION todos_table_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE todos_revision SET token = gen_random_uuid(), epoch = gen_random_uuid();
  RETURN NULL;
END $$;

CREATE FUNCTION todos_stamp_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
  END IF;
  NEW.changed_in := todos_this_transaction();
  RETURN NEW;
END $$;

CREATE FUNCTION todos_stamp_todo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.due_sort := COALESCE(NEW.due_at, NEW.due_on::timestamp AT TIME ZONE NEW.time_zone, '9999-12-31 00:00:00+00');
  RETURN NEW;
END $$;

CREATE FUNCTION todos_labels_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM todos_move_tokens(ARRAY(SELECT DISTINCT owner_id FROM written));
  UPDATE todos_todo SET changed_in = 0
   WHERE id IN (SELECT todo_id FROM written) AND changed_in <> todos_this_transaction();
  RETURN NULL;
END $$;

CREATE FUNCTION todos_labels_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM todos_move_tokens(ARRAY(SELECT owner_id FROM was UNION SELECT owner_id FROM became));
  UPDATE todos_todo SET changed_in = 0
   WHERE id IN (SELECT todo_id FROM was UNION SELECT todo_id FROM became) AND changed_in <> todos_this_transaction();
  RETURN NULL;
END $$;

CREATE FUNCTION todos_bury() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO todos_tombstone (owner_id, kind, object_id, changed_in, created_at)
  SELECT owner_id, TG_ARGV[0], id, todos_this_transaction(), now() FROM written;
  RETURN NULL;
END $$;

CREATE FUNCTION todos_new_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO todos_revision (user_id, token, epoch) VALUES (NEW.id, gen_random_uuid(), gen_random_uuid());
  RETURN NULL;
END $$;
"""

_TRACKED = ("todo", "project", "label", "todolabel")
_STAMPED = ("todo", "project", "label")
# Noting that a reminder went out changes nothing that anybody is shown, so it makes no new version.
_UNSEEN = {"todo": "WHEN (NOT (OLD.reminded_at IS NULL AND NEW.reminded_at IS NOT NULL))"}


def _triggers_of(table: str) -> str:
    written, updated = (
        ("todos_labels_written", "todos_labels_updated") if table == "todolabel" else ("todos_rows_written", "todos_rows_updated")
    )
    sql = f"""
CREATE TRIGGER {table}_inserted AFTER INSERT ON todos_{table} REFERENCING NEW TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION {written}();
CREATE TRIGGER {table}_deleted AFTER DELETE ON todos_{table} REFERENCING OLD TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION {written}();
CREATE TRIGGER {table}_updated AFTER UPDATE ON todos_{table} REFERENCING OLD TABLE AS was NEW TABLE AS became
  FOR EACH STATEMENT EXECUTE FUNCTION {updated}();
CREATE TRIGGER {table}_truncated AFTER TRUNCATE ON todos_{table}
  FOR EACH STATEMENT EXECUTE FUNCTION todos_table_truncated();
"""
    if table in _STAMPED:
        sql += f"""
CREATE TRIGGER {table}_stamped_new BEFORE INSERT ON todos_{table}
  FOR EACH ROW EXECUTE FUNCTION todos_stamp_row();
CREATE TRIGGER {table}_stamped BEFORE UPDATE ON todos_{table}
  FOR EACH ROW {_UNSEEN.get(table, "")} EXECUTE FUNCTION todos_stamp_row();
CREATE TRIGGER {table}_buried AFTER DELETE ON todos_{table} REFERENCING OLD TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION todos_bury('{table}');
"""
    return sql


CREATE = (
    FUNCTIONS
    + "".join(_triggers_of(table) for table in _TRACKED)
    + """
CREATE TRIGGER todo_due_settled BEFORE INSERT OR UPDATE OF due_at, due_on, time_zone, due_sort ON todos_todo
  FOR EACH ROW EXECUTE FUNCTION todos_stamp_todo();
CREATE TRIGGER user_created AFTER INSERT ON todos_user FOR EACH ROW EXECUTE FUNCTION todos_new_user();
INSERT INTO todos_revision (user_id, token, epoch)
SELECT id, gen_random_uuid(), gen_random_uuid() FROM todos_user ON CONFLICT DO NOTHING;
"""
)

DROP = "".join(
    f"DROP FUNCTION IF EXISTS {name} CASCADE;"
    for name in (
        "todos_new_user()",
        "todos_bury()",
        "todos_labels_updated()",
        "todos_labels_written()",
        "todos_stamp_todo()",
        "todos_stamp_row()",
        "todos_table_truncated()",
        "todos_rows_updated()",
        "todos_rows_written()",
        "todos_move_tokens(uuid[])",
        "todos_this_transaction()",
    )
)
