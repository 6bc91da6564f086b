"""Commands against the doubled account find no credentials of the developer's."""

from tests.integration.aws.conftest import _no_credentials_of_ours

__all__ = ["_no_credentials_of_ours"]
