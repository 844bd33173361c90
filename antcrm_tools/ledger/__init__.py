"""The ledger: what is ours and must not be lost. SQLAlchemy Core, on SQLite by default and on Postgres by URL.

Nothing here is imported before it is needed: the library takes a third of a second, and an assistant's host waits.
"""
