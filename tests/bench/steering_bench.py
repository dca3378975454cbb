#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Measures what steering by a classic program and by eBPF costs a connection,
compared with an address without steering: see steering_cost.c.  ROUNDS and
CONNECTIONS are its arguments."""

import os
import subprocess
import sys

sys.exit(subprocess.call([
    os.path.join(os.environ["HOTSWAP_BUILD"], "bench/steering_cost"),
    os.environ.get("ROUNDS", "600"), os.environ.get("CONNECTIONS", "100")]))
