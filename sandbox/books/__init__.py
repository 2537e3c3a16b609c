"""One organisation's ledger behind the Books v3 API, in memory, with no HTTP in it.

Imitates the provider from its published specification and from recorded traffic; knows nothing of our
connectors, so that it cannot agree with their mistakes.
"""

from .allowances import Allowances
from .books import Books
from .call import Answer, Call, Refused, Upload
from .firing import Firing
from .profile import Profile, organization_detail, organization_row
from .routes import scope_needed

__all__ = [
    "Allowances",
    "Answer",
    "Books",
    "Call",
    "Firing",
    "Profile",
    "Refused",
    "Upload",
    "organization_detail",
    "organization_row",
    "scope_needed",
]
