"""A thin subclass of each class in CLASSES, so that pytest collects it here."""
import importlib
import os

import pytest
from classes import CLASSES


class MixedCase:
    """For BaseSimpleCopyUppercase, whose own profile holds a port: a database whose name is in both cases."""

    @pytest.fixture(scope="class")
    def dbt_profile_target(self):
        return {"type": "postgres", "threads": 4, "host": "localhost", "port": int(os.environ["MIXED_CASE_PORT"]), "user": "root", "pass": "none", "dbname": "dbtMixedCase"}


MIXINS = {"BaseSimpleCopyUppercase": (MixedCase,)}


def subclasses():
    for module, bases in CLASSES.items():
        for base in bases:
            parent = getattr(importlib.import_module(f"dbt.tests.adapter.{module}"), base)
            name = "Test" + base.removeprefix("Base").removesuffix("Base")
            yield name, type(name, (*MIXINS.get(base, ()), parent), {"__module__": __name__})


for name, cls in subclasses():
    if name in globals():
        raise NameError(f"two classes would be called {name}")
    globals()[name] = cls
del cls  # pytest would collect it once more
