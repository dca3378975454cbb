# SPDX-License-Identifier: ISC
"""Read a trace that `strace -f -y` wrote of a supervisor and all below it, and
name each call by which a process that is root opens, binds, connects, links,
renames, removes or changes a path in a directory of the program's.
usage: rights.py TRACE DIRECTORY..."""
import os
import re
import sys

LINE = re.compile(r"^(\d+) +(\w+)\((.*)$")
PARTS = re.compile(r'(?:(?:AT_FDCWD|-?\d+)<([^>]*)>(?:, )?)?"((?:[^"\\]|\\.)*)"')
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
PATHS = {
    "open", "openat", "openat2", "creat", "truncate", "link", "linkat",
    "symlink", "symlinkat", "rename", "renameat", "renameat2", "unlink",
    "unlinkat", "rmdir", "mkdir", "mkdirat", "mknod", "mknodat", "chmod",
    "fchmodat", "fchmodat2", "chown", "lchown", "fchownat", "bind",
    "connect", "execve",
}
FDS = {"fchmod", "fchown"}
FORKS = {"clone", "clone3", "fork", "vfork"}
SET_UID = {"setresuid": 1, "setreuid": 1, "setuid": 0}


class Process:
    def __init__(self, uid=0, cwd="/"):
        self.uid = uid
        self.cwd = cwd


def whole(directory, path):
    return os.path.normpath(os.path.join(directory, path))


def named(call, rest, process):
    """The paths that a call names, as its process sees them."""
    for match in PARTS.finditer(rest):
        directory = match[1] or process.cwd
        if call in ("bind", "connect"):
            if "AF_UNIX" not in rest or "sun_path=@" in rest:
                continue
            directory = process.cwd
        yield whole(directory, match[2])
    if call in FDS:
        match = re.match(r"\d+<(/[^>]*)>", rest)
        if match:
            yield match[1]


def main():
    trace, directories = sys.argv[1], [d.rstrip("/") for d in sys.argv[2:]]
    processes, halves, seen, faults = {}, {}, 0, []
    for line in open(trace, errors="replace"):
        line = line.rstrip("\n")
        resumed = RESUMED.match(line)
        if resumed:
            pid, call = int(resumed[1]), resumed[2]
            rest = halves.pop(pid, "") + resumed[3]
        else:
            match = LINE.match(line)
            if not match:
                continue
            pid, call, rest = int(match[1]), match[2], match[3]
            if "<unfinished ...>" in rest:
                halves[pid] = rest.replace("<unfinished ...>", "")
                # A child may be seen before the call of its parent returns.
                if call in FORKS:
                    forker = processes.setdefault(pid, Process())
                continue
        process = processes.get(pid)
        if process is None:
            process = Process(forker.uid, forker.cwd) if processes else \
                Process(0, os.getcwd())
            processes[pid] = process
        result = rest.rsplit("= ", 1)[-1].split()[0] if "= " in rest else "?"
        if call in FORKS and result.isdigit():
            child = int(result)
            if child not in processes:
                processes[child] = Process(process.uid, process.cwd)
        elif call in SET_UID and result == "0":
            numbers = re.findall(r"-?\d+", rest.split(")")[0])
            if numbers[SET_UID[call]] != "-1":
                process.uid = int(numbers[SET_UID[call]])
        elif call == "chdir" and result == "0":
            process.cwd = whole(process.cwd, PARTS.search(rest)[2])
        elif call == "fchdir" and result == "0":
            process.cwd = re.search(r"<([^>]*)>", rest)[1]
        elif call in PATHS or call in FDS:
            for path in named(call, rest, process):
                # The entry of the directory's own name belongs to root.
                inside = any(path.startswith(d + "/") for d in directories)
                seen += inside
                if inside and process.uid == 0:
                    faults.append(f"as root: {line}")
    print(f"{seen} calls in {', '.join(directories)}, "
          f"{len(faults)} of them by root")
    for fault in faults:
        print(fault)
    sys.exit(bool(faults) or seen == 0)


main()
