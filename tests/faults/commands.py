# SPDX-License-Identifier: ISC
"""The commands of the contract: what goes before, what is done while a call
fails, and what must be so afterwards."""
import contextlib
import errno
import os
import re
import signal
import subprocess
import time

from service import ENDS, LASTS, RESTS, until
from whole import Adoption, Run, Start, Stop

SETTLES = 3   # what ends after the command
LOOKS = 0.15  # a supervisor looks after its files when one has gone
STERRORS = {os.strerror(n) for n in errno.errorcode}


class Command:
    """One that a service outlives: the service is kept for the next fault."""
    options = ["--keep", "0"]
    lines = [["upgrade", "web"]]
    good = True          # may it succeed?
    kept = True          # does the service outlive it?
    checked = True       # do users reach what has passed its check alone?
    again = ["upgrade", "web"]
    begins = False       # does the service begin with it?
    usual = 0            # the exit status, if nothing fails
    said = ""            # by the commands, last time

    def prepare(self, service):
        """Before anything fails."""

    def clean(self, service):
        """When nothing fails any more."""

    def new_serves(self, before, now):
        return now["active"] > before["active"]

    # The course of one fault

    def run(self, service, arm, disarm, for_long, plain=False):
        """Faults, in words; plain: nothing is to fail."""
        self.prepare(service)
        before = service.status()
        told = len(service.history())
        service.client.begin()
        arm()
        try:
            code, said, faults = self.act(service, disarm, for_long)
            if not for_long:
                self.settle(service)
        finally:
            disarm()
        self.said = said
        self.clean(service)
        faults += self.rest(service)
        faults += service.client.end()
        now = service.status()
        if now is None:
            return faults + ["nobody answers any more: " + service.tail()]
        if plain and code != self.usual:
            faults.append(f"without fault: status {code}: {said}")
        return faults + self.truth(service, before, now, told, code, said)

    def act(self, service, disarm, for_long):
        code, said = 0, ""
        for line in self.lines:
            code, text, faults = self.one(service, line, disarm, for_long)
            said += text
            if faults:
                return code, said, faults
        return code, said, []

    def one(self, service, line, disarm, for_long):
        running = service.command(*line)
        for deadline in ([LASTS] if for_long else []) + [ENDS]:
            try:
                said = running.communicate(timeout=deadline)[0]
                return running.returncode, said, []
            except subprocess.TimeoutExpired:
                disarm()
        running.kill()
        said = running.communicate()[0]
        now = service.status()
        return None, said, [
            f"`{' '.join(line)}` did not end within {ENDS} s (the rollout is "
            f"{now['rollout']['state'] if now else 'unknown'}): {said}"]

    def is_idle(self, service):
        now = service.status()
        return now is not None and now["rollout"]["state"] == "idle" and \
            not [g for g in now["generations"] if g["pid"] and g["role"]
                 in ("candidate", "failed", "draining")]

    def settle(self, service):
        """What comes after the command may fail as well."""
        until(lambda: self.is_idle(service), SETTLES)
        time.sleep(LOOKS)

    def rest(self, service):
        """The rollout ends in bounded time."""
        if until(lambda: self.is_idle(service), RESTS):
            return []
        now = service.status()
        return ["no rest: " + ("nobody answers" if now is None else
                f"rollout {now['rollout']['state']}, " + ", ".join(
                    f"generation {g['number']} {g['role']}"
                    for g in now["generations"] if g["pid"])) +
                " " + service.tail()]

    # What was said is true

    def truth(self, service, before, now, told, code, said):
        faults = []
        shares = {g["number"]: g["share"] for g in now["generations"]
                  if g["share"]}
        if shares != {now["active"]: 100}:
            faults.append(f"shares are {shares}, active is {now['active']}")
        entries = service.history()[told:]
        changed = self.new_serves(before, now)
        if code == 0 and self.good and not changed:
            faults.append(f"success was said and is none: {said}")
        if code == 0 and not self.good and self.lines[-1][0] != "abort":
            faults.append(f"success was said: {said}")
        if code == 1 and now["active"] != before["active"]:
            faults.append(f"a failure was said and is none: {said}")
        if code == 2 and changed and self.kept:
            faults.append(f"it was refused, and was done: {said}")
        if not self.good and now["active"] != before["active"]:
            faults.append("a new generation serves that must not")
        faults += self.entries(service, entries, before, now, code, said)
        return faults + self.reasons(entries, said)

    def entries(self, service, entries, before, now, code, said):
        """The history says what was so."""
        serves = [e["to"] for e in entries if e["result"] in (
            "promoted",)][-1:] or [before["active"]]
        if now["active"] == serves[0]:
            return []
        if "history" in service.tail():
            return []
        return [f"generation {now['active']} serves, the history tells "
                f"{entries}: {said}"]

    def reasons(self, entries, said):
        """A reason names what failed, and not only how."""
        reasons = [e["reason"] for e in entries if e["result"] == "aborted"]
        reasons += re.findall(r"(?:failed|refused)[^:]*: ([^;\n]*)", said)
        return [f"the reason names nothing: {reason!r}" for reason in
                set(reasons) if reason.strip() in STERRORS | {""}]

    # What is left

    def after(self, service, left=False):
        """The next upgrade, without fault, and what is left after it; left:
        descriptors that strace has not let be closed."""
        service.client.begin()
        code, said = service.call(*self.again)
        if code != 0:
            service.client.end()
            return [f"the next upgrade ended with {code}: {said} "
                    + service.tail()]
        faults = self.rest(service) + service.client.end()
        if left:
            service.usual = None
        return faults or self.leaks(service)

    def leaks(self, service):
        left = []

        def nobody():
            left[:] = service.strangers()
            return not left

        def nothing():
            supervisor, found = service.descriptors()
            if service.usual is None or service.usual[0] != supervisor:
                service.usual = (supervisor, found)
            more = list(found)
            for fd in service.usual[1]:
                if fd in more:
                    more.remove(fd)
            left[:] = more
            return not more
        if not until(nobody, RESTS):
            return ["left: " + "; ".join(left)]
        if not until(nothing, RESTS):
            return ["descriptors left: " + "; ".join(left)]
        return []


class Bad(Command):
    good = False
    usual = 1

    def __init__(self):
        self.lines = [["upgrade", "web", "--", "./server", "--exit", "3"]]


class Abort(Command):
    """An upgrade that never passes its check, then abort; or abort alone."""
    good = False

    def __init__(self, alone):
        self.alone = alone
        self.lines = [["abort", "web"]] if alone else [
            ["upgrade", "web", "--no-wait"], ["abort", "web"]]

    def prepare(self, service):
        now = service.status()
        # Generations of failed attempts have numbers as well.
        first = max(g["number"] for g in now["generations"]) + 1
        self.sick = [service.file(f"sick.{n}") for n in range(first,
                                                             first + 3)]
        for path in self.sick:
            open(path, "wb").close()
        if self.alone:
            service.call("upgrade", "web", "--no-wait")
            until(lambda: service.status()["rollout"]["state"] == "checking",
                  10)

    def clean(self, service):
        if service.status() is not None:
            until(lambda: (service.status() or {"rollout": {"state": ""}})[
                "rollout"]["state"] == "idle", 8)
        for path in self.sick:
            os.unlink(path)


class Canary(Command):
    lines = [["upgrade", "web", "--canary", "30", "--step-time", "60ms"]]


class Held(Command):
    lines = [["split", "web", "50"], ["promote", "web"]]
    again = ["upgrade", "web", "--step-time", "60ms"]

    def prepare(self, service):
        service.call("upgrade", "web", "--no-wait", "--canary", "30",
                     "--step-time", "1m")
        until(lambda: service.status()["rollout"]["state"] == "shifting", 10)

    def clean(self, service):
        """What no promote has ended is aborted."""
        until(lambda: (service.status() or {"rollout": {"state": ""}})[
            "rollout"]["state"] == "idle", 3)
        service.call("abort", "web")


class Rollback(Command):
    lines = [["rollback", "web"]]

    def __init__(self, keep):
        self.options = ["--keep", keep]

    def prepare(self, service):
        """What has ended is started again only if it is another program."""
        if self.options[1] == "0":
            service.renew_program()
            service.call("upgrade", "web")

    def new_serves(self, before, now):
        return now["active"] != before["active"]

    def entries(self, service, entries, before, now, code, said):
        if [e["serves"] for e in entries][-1:] in ([], [now["active"]]):
            return []
        return [f"generation {now['active']} serves, the history tells "
                f"{entries}: {said}"]


class Exclusive(Command):
    options = ["--keep", "0", "--strategy", "exclusive"]
    checked = False      # it gets what waits, before its check: hotswap(1)


class Reexec(Command):
    lines = [["reexec", "web"]]

    def truth(self, service, before, now, told, code, said):
        return [] if now["active"] == before["active"] else [
            f"generation {now['active']} serves"]


class Unstartable(Command):
    """Programs that cannot be started, each for another reason."""
    good = False
    usual = 1
    lines = [["upgrade", "web", "--", program] for program in (
        "./nothing", "nothing", "./text", "./garbage", "./lost", "./folder",
        "server/server")]

    def prepare(self, service):
        for name, text, mode in (("text", "true\n", 0o644),
                                 ("garbage", "\177ELFgarbage\n", 0o755),
                                 ("lost", "#!/no/interpreter\n", 0o755)):
            with open(service.file(name), "w", encoding="ascii") as file:
                file.write(text)
            os.chmod(service.file(name), mode)
        os.makedirs(service.file("folder"), exist_ok=True)


class Signalled(Reexec):
    """Logs are opened again, and the program is sent a signal."""
    lines = [["signal", "web", "URG"]]

    def prepare(self, service):
        self.keeper = service.status()["pid"]

    def act(self, service, disarm, for_long):
        os.kill(self.keeper, signal.SIGUSR1)
        return super().act(service, disarm, for_long)


class Crashed(Reexec):
    """The program is killed, and started again."""
    def act(self, service, disarm, for_long):
        service.client.asked.clear()
        service.client.idle.wait(21)
        service.client.faults, service.client.answered = [], 1
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.killed, signal.SIGKILL)

        def serves():
            now = service.status()
            return now is not None and service.pid_of(now) not in (
                0, self.killed)
        if for_long and not until(serves, LASTS):
            disarm()
        return (0, "", []) if until(serves, ENDS) else (
            None, "", ["it was not started again: " + service.tail()])

    def prepare(self, service):
        self.killed = service.pid_of(service.status())


class Recovery(Reexec):
    """The supervisor is killed; the keeper starts another."""
    usual = 0

    def prepare(self, service):
        self.killed = service.status()["supervisor"]

    def act(self, service, disarm, for_long):
        before = self.killed
        with contextlib.suppress(ProcessLookupError):
            os.kill(before, signal.SIGKILL)

        def answers():
            now = service.status()
            return now is not None and now["supervisor"] != before
        if for_long and not until(answers, LASTS):
            disarm()
        if until(answers, ENDS):
            return 0, "", []
        return None, "", ["no other supervisor answers: " + service.tail()]


COMMANDS = {
    "upgrade": Command, "bad": Bad, "aborted": lambda: Abort(False),
    "abort": lambda: Abort(True), "canary": Canary, "held": Held,
    "rollback-warm": lambda: Rollback("1m"),
    "rollback-cold": lambda: Rollback("0"),
    "exclusive": Exclusive, "reexec": Reexec, "recovery": Recovery,
    "run": Run, "start": Start, "stop": Stop, "adoption": Adoption,
    "unstartable": Unstartable, "signalled": Signalled, "crashed": Crashed,
}
