"""Django's database engine for PostgreSQL with one difference; see `base`."""
