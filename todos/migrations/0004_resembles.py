"""Whether a title has a word that resembles one written with typos."""

from django.contrib.postgres.operations import CreateExtension
from django.db import migrations

# Each word of the title is compared whole and as far as the searched one goes, since that may be a beginning. Words are cut to 60
# characters: levenshtein refuses more than 255.
CREATE = """
CREATE FUNCTION todos_resembles(title text, wanted text, typos int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT EXISTS (
    SELECT FROM regexp_split_to_table(title, '[^[:alnum:]]+') AS written (word)
     WHERE levenshtein_less_equal(left(word, 60), wanted, typos) <= typos
        OR levenshtein_less_equal(left(word, length(wanted)), wanted, typos) <= typos)
$$
"""


class Migration(migrations.Migration):
    dependencies = [("todos", "0003_place_for_new")]
    operations = [
        CreateExtension("fuzzystrmatch"),
        migrations.RunSQL(CREATE, "DROP FUNCTION todos_resembles(text, text, int)"),
    ]
