# SPDX-License-Identifier: ISC
"""Faults that the kernel itself makes, by strace."""


class Kernel:
    pass
