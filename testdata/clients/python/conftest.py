"""What every client's test needs: where the server is, and a name for a table of its own.

The same tests run against PostgreSQL 15 (the arbiter) and against Eider; the
environment's PGHOST, PGPORT, PGUSER, PGDATABASE say where.
"""
import itertools
import os

import pytest

HOST = os.environ.get("PGHOST", "127.0.0.1")
PORT = int(os.environ["PGPORT"])
USER = os.environ.get("PGUSER", "postgres")
DATABASE = os.environ.get("PGDATABASE", "postgres")
URL = f"{USER}@{HOST}:{PORT}/{DATABASE}"

_counter = itertools.count(1)


@pytest.fixture
def name():
    """A table name that no other test uses."""
    return f"client_{os.getpid()}_{next(_counter)}"
