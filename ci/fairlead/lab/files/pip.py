#!/usr/local/bin/python3
import sys

from pip._internal.cli.main import main

sys.exit(main())
