"""Pytest plugin: tests that freeze the time do not freeze pytest's stop-watch."""

import freezegun

freezegun.configure(extend_ignore_list=["_pytest.timing"])
