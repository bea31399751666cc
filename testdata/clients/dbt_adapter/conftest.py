"""What the suite of dbt-tests-adapter asks of an adapter: how to connect, and where its data lies."""
import inspect
import os
import pathlib
from argparse import Namespace

import pytest
from dbt.flags import set_from_args

set_from_args(Namespace(), None)  # rendering a profile reads dbt's global flags
pytest_plugins = "dbt.tests.fixtures.project"


def origin(request):
    """The file of the class that the thin subclass inherits from."""
    return pathlib.Path(inspect.getfile(request.cls.__bases__[-1]))


@pytest.fixture(scope="class")
def dbt_profile_target():
    # Some tests expect the database dbt, the user root and the host localhost: the run sees to them.
    return {
        "type": "postgres",
        "threads": 4,
        "host": os.environ["PGHOST"],
        "port": int(os.environ["PGPORT"]),
        "user": os.environ["PGUSER"],
        "pass": os.environ.get("PGPASSWORD", "none"),
        "dbname": os.environ["PGDATABASE"],
    }


@pytest.fixture(scope="class")
def unique_schema(request, prefix):
    # BaseEphemeral's expectations hold the name of the module.
    return f"{prefix}_{origin(request).stem}"


@pytest.fixture(scope="class")
def test_data_dir(request, tmp_path_factory):
    """The folder data beside the class that's inherited from; a folder to write to where it has none."""
    data = origin(request).parent / "data"
    return data if data.is_dir() else tmp_path_factory.mktemp("data") / "data"


@pytest.fixture(scope="class")
def project(project, request):
    project.test_dir = str(origin(request).parent)
    return project
