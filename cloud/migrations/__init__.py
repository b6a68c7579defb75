"""How a database comes to be what the models say: numbered, frozen steps, run by Alembic in one transaction.

`revisions` runs them and says where a database stands; `versions/` holds them; `freeze` writes the next one.
"""
