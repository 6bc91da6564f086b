"""An archive of real packages, as for apt's own tests."""

from tests.integration.apt.conftest import archive, key

__all__ = ["archive", "key"]
