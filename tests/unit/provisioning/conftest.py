"""The tenants of the API's tests: use cases are tested through HTTP too."""

from unit.api.conftest import settled, tenants

__all__ = ["settled", "tenants"]
