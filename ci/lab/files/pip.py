#!/usr/local/bin/python3
"""Runs pip, which lies unpacked among the site packages."""

import sys

from pip._internal.cli.main import main

sys.exit(main())
