#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Types each line of standard input and a tab into a real shell on a terminal of
its own, and prints what the line has become; or ends, if the shell does not
answer for 30 s.

usage: complete.py bash|zsh COMPLETIONS

COMPLETIONS is the directory of hotswap's completions.  Behind the tab a key is
pressed for which the shell prints the line between < and >, and then one that
empties the line."""
import os
import pty
import re
import select
import sys
import tempfile
import time

PROMPT = "ready> "
KEY = "\x1d"
EMPTY = "\x15"
PATIENCE = 30

BASH = r"""
. /usr/share/bash-completion/bash_completion
. '%(completions)s/hotswap.bash'
bind 'set completion-query-items 0'
bind 'set enable-bracketed-paste off'
bind -x '"\C-]": printf "<%%s>\n" "$READLINE_LINE"'
PS1='%(prompt)s'
"""

ZSH = r"""
fpath=('%(completions)s' $fpath)
autoload -Uz compinit
compinit -u -D
line() { print -r -- "<$BUFFER>" }
zle -N line
bindkey '^]' line
unsetopt prompt_sp
PROMPT='%(prompt)s'
"""


def command(shell, completions, directory):
    text = {"bash": BASH, "zsh": ZSH}[shell] % {
        "completions": completions, "prompt": PROMPT}
    with open(os.path.join(directory, {"bash": "rc", "zsh": ".zshrc"}[shell]),
              "w", encoding="utf-8") as rc:
        rc.write(text)
    if shell == "bash":
        return ["bash", "--noprofile", "--rcfile", rc.name, "-i"]
    return ["zsh", "-d", "-i"]


def expect(fd, pattern):
    """Read until the pattern has been seen; what matched, or None."""
    end = time.time() + PATIENCE
    seen = ""
    while not (found := re.search(pattern, seen)):
        ready, _, _ = select.select([fd], [], [], max(0, end - time.time()))
        if not ready:
            return None
        try:
            seen += os.read(fd, 65536).decode(errors="replace")
        except OSError:
            return None
    return found


def complete(fd, line):
    os.write(fd, (line + "\t" + KEY).encode())
    found = expect(fd, r"<([^\r\n]*)>")
    os.write(fd, EMPTY.encode())
    return found and found[1]


def main():
    shell, completions = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        arguments = command(shell, os.path.abspath(completions), directory)
        pid, fd = pty.fork()
        if pid == 0:
            os.environ.update(TERM="dumb", ZDOTDIR=directory)
            os.execvp(arguments[0], arguments)
        answers = expect(fd, PROMPT)
        for line in sys.stdin.read().splitlines():
            line = answers and complete(fd, line)
            if not line:
                break
            print(line)
        os.close(fd)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
