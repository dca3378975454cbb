# SPDX-License-Identifier: ISC
"""What a row of the table of servers consists of.

@NAME@ is replaced in commands, files, targets and options of the load client:
DIR is a directory of the server's own, BUILD the build directory, USER and
GROUP are who runs the server; any other name is a free port of loopback, as
PORT.  {generation} and {slot} are replaced by hotswap."""

from dataclasses import dataclass, field

ROOT, ORDINARY, BELOW = WHO = "root", "ordinary", "below"  # who runs what

PAGE = "it works\n"


@dataclass(frozen=True)
class Server:
    """A row of the table."""
    name: str
    package: str          # whose version is shown; "": built here
    command: tuple
    files: dict = field(default_factory=dict)
    options: tuple = ()   # of hotswap run; doctor must advise the same
    why: str = ""         # these options, and what else is to be known
    cannot: dict = field(default_factory=dict)  # who: why not
    build: tuple = ()     # a command, run once
    setup: tuple = ()     # commands, run by the server's user
    beside: tuple = ()    # commands that run without hotswap, at @BESIDE@
    fails: tuple = ()     # failures that it causes itself, and why
    again: str = ""       # why the new file runs though the old one was started
    target: str = "127.0.0.1:@PORT@"
    load: tuple = ()      # options of the load client
    kept: int = 8         # connections that are kept alive
    most: int = 10**6     # new connections a second that it can serve
    upgrades: int = 10**6  # that are made at most
    needs: str = ""       # a program without which the row is left out
    version: str = ""     # shown instead of the package's


def percent(data):
    """Bytes as the load client takes them."""
    return "".join(f"%{byte:02X}" for byte in data)


def talk(send, until, greet=None, greet_until=None):
    """Options of the load client for a protocol that is not HTTP.  With
    greet_until alone the server speaks first."""
    options = ["--send", percent(send), "--until", percent(until)]
    if greet_until is not None:
        options += ["--greet", percent(greet or b""),
                    "--greet-until", percent(greet_until)]
    return tuple(options)
