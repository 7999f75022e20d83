"""The plant for tests of screens: the real server and devices on real stores."""

from tests.scenarios.conftest import first_day, site, trial_site

__all__ = ["first_day", "site", "trial_site"]
