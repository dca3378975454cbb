# SPDX-License-Identifier: ISC
"""The commands with which a service begins or ends."""
import os
import signal
import subprocess

from service import ENDS, LASTS, RESTS, processes, until


class Whole:
    """A command with which a service begins or ends: each fault has a service
    of its own."""
    checked = True
    begins = False
    options = ["--keep", "0"]
    said = ""
    kept = False

    def run(self, service, arm, disarm, for_long, plain=False):
        try:
            return self.course(service, arm, disarm, for_long)
        finally:
            disarm()
            service.client.asked.clear()
            service.end()

    def wait(self, service, running, disarm, for_long):
        """Until it serves or has ended."""
        def done():
            return running.poll() is not None or service.serves()
        if for_long and not until(done, LASTS):
            disarm()
        return until(done, ENDS)

    def works(self, service):
        """It serves, upgrades and stops."""
        service.client.begin()
        code, said = service.call("upgrade", "web")
        faults = service.client.end()
        if code != 0:
            faults.append(f"the next upgrade ended with {code}: {said} "
                          + service.tail())
        return faults + self.stops(service)

    def stops(self, service):
        code, said = service.call("stop", "web", "--now")
        if code != 0:
            return [f"stop ended with {code}: {said}"]
        return self.nothing(service)

    def nothing(self, service):
        mine, left = os.getpid(), []

        def none():
            left[:] = [line for pid, (_, state, line) in processes_of(service)
                       if state != "Z" and pid != mine]
            return not left
        return [] if until(none, RESTS) else [f"left: {left}"]


def processes_of(service):
    return [(pid, entry) for pid, entry in processes().items()
            if service.dir in entry[2] + service.place(pid)]


class Run(Whole):
    begins = True

    def course(self, service, arm, disarm, for_long):
        service.clear()
        arm()
        running = service.launch()
        if not self.wait(service, running, disarm, for_long):
            return ["run neither serves nor ends: " + service.tail()]
        disarm()
        if running.poll() is None:
            return self.works(service)
        if running.returncode == 0:
            return ["run did not serve, and its status is 0: "
                    + service.tail()]
        if not service.tail().strip():
            return [f"run ended with {running.returncode} and said nothing"]
        faults = self.nothing(service)
        if faults:
            return faults
        again = service.launch()
        if not self.wait(service, again, disarm, False) or \
                again.poll() is not None:
            return ["the next run does not serve: " + service.tail()]
        return self.works(service)


class Start(Whole):
    begins = True

    def start(self, service):
        return subprocess.Popen(
            service.arguments("start"), cwd=service.dir,
            env=dict(service.environ, HOTSWAP_FAULTS=service.plan.path),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def course(self, service, arm, disarm, for_long):
        service.clear()
        arm()
        running = self.start(service)
        if for_long:
            until(lambda: running.poll() is not None, LASTS)
            disarm()
        if not until(lambda: running.poll() is not None, ENDS):
            running.kill()
            return ["start did not end: " + running.communicate()[0]]
        disarm()
        said = os.read(running.stdout.fileno(), 4096).decode()
        if running.returncode == 0:
            if not service.serves():
                return ["start succeeded, and nothing serves"]
            return self.works(service)
        if not said.strip():
            return [f"start ended with {running.returncode}, said nothing"]
        # It serves, and the command could not say so: that is its status.
        if "standard output: " in said and service.serves():
            return self.works(service)
        faults = self.nothing(service)
        if faults:
            return faults
        again = self.start(service)
        if not until(lambda: again.poll() is not None, ENDS) or \
                again.returncode != 0:
            return [f"the next start ended with {again.poll()}"]
        return self.works(service)


class Stop(Whole):
    def course(self, service, arm, disarm, for_long):
        service.begin()
        arm()
        running = service.command("stop", "web", "--now")
        if for_long:
            until(lambda: running.poll() is not None, LASTS)
            disarm()
        if not until(lambda: running.poll() is not None, ENDS):
            running.kill()
            return ["stop did not end: " + service.tail()]
        disarm()
        if running.returncode == 0:
            return self.nothing(service)
        if service.status() is None:
            return self.nothing(service)
        return self.stops(service)


class Adoption(Whole):
    """Keeper and supervisor are killed; the next run takes over."""
    begins = True

    def course(self, service, arm, disarm, for_long):
        service.begin()
        now = service.status()
        service.client.begin()
        for pid in (now["pid"], now["supervisor"]):
            os.kill(pid, signal.SIGKILL)
        service.keeper.wait()
        arm()
        running = service.launch()
        served = self.wait(service, running, disarm, for_long)
        disarm()
        faults = service.client.end()
        if not served:
            return faults + ["run neither serves nor ends: " + service.tail()]
        if running.poll() is not None:
            again = service.launch()
            if not self.wait(service, again, disarm, False) or \
                    again.poll() is not None:
                return faults + ["the next run does not take over: "
                                 + service.tail()]
        after = service.status()
        if after["active"] != now["active"]:
            faults.append(f"generation {after['active']} serves")
        return faults + self.works(service)
