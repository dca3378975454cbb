# SPDX-License-Identifier: ISC
"""The servers that hotswap is tried with, in the order of the table."""

from applications import APPLICATIONS
from data import DATA
from others import OTHERS
from web import WEB

SERVERS = (*WEB, *APPLICATIONS, *DATA, *OTHERS)
