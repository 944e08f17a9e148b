"""Apps on the engine of this machine."""

from tests.integration.host.conftest import image as image
from tests.integration.host.conftest import stage as stage
