"""Every table, imported so that the metadata is complete. One line a feature."""

from cloud.fleet import models as fleet
from cloud.ledger import models as ledger
from cloud.org import models as org

__all__ = ["fleet", "ledger", "org"]
