"""The load generator counts what it did, whatever ends it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from lab.state import Lab
from tests.e2e.lab.second import ENVIRON, URL, fairlead_lab, load


def test_load_is_counted_and_told(lab: Lab) -> None:
    found = load("--clients", "4", "--processes", "2")
    assert found["processes"] == 2
    assert found["failed"] == 0
    total = found["requests"]["total"]
    assert found["requests"]["answered"] + found["requests"]["late"] == total > 50
    assert found["parts"][0]["statuses"] == {"200": total}


@pytest.mark.long
def test_load_that_is_interrupted_still_reports(lab: Lab) -> None:
    argv = [sys.executable, "-m", "fairlead", "--json", "lab", "load", URL, "--for", "1h"]
    with subprocess.Popen(argv, env=ENVIRON, stdout=subprocess.PIPE, text=True) as client:
        time.sleep(5)
        client.send_signal(signal.SIGINT)
        told = client.communicate(timeout=120)[0]
    assert client.returncode == 0
    # How many, the machine decides.
    assert json.loads(told)["requests"]["answered"] > 0


def test_load_goes_nowhere_but_to_loopback() -> None:
    ended = fairlead_lab("load", "http://192.0.2.1/")
    assert ended.code == 2
    assert "127.0.0.0/8" in ended.document["why"] + ended.document["what"]
