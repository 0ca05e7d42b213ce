"""How the admin writes dates: the same for everybody, and sortable."""
