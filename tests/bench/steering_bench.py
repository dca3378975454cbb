#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What steering costs a connection, by a classic program and by eBPF, against
an address where nothing steers: see steering_cost.c.  ROUNDS and CONNECTIONS
are settings."""

import os
import subprocess
import sys

sys.exit(subprocess.call([
    os.path.join(os.environ["HOTSWAP_BUILD"], "bench/steering_cost"),
    os.environ.get("ROUNDS", "600"), os.environ.get("CONNECTIONS", "100")]))
