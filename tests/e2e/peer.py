#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A peer of the control socket that does what no decent one would.  Ends with
status 1 and a word if the supervisor did not take it as it should."""

import json
import os
import random
import re
import socket
import sys
import time

INTERFACE = "org.hotswap.Supervisor"
PATIENCE = 10  # seconds for any answer


class Peer:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(path)
        self.rest = b""

    def send(self, data):
        """All of it, or as much as the other side takes before it hangs up."""
        try:
            self.sock.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def receive(self):
        """The next message; None at the end of the connection."""
        while b"\0" not in self.rest:
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.rest += data
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, parameters=None, **flags):
        self.send(message(method, parameters, **flags))
        return self.receive()

    def close(self):
        self.sock.close()


def message(method, parameters=None, **flags):
    if "." not in method:
        method = INTERFACE + "." + method
    call = {"method": method, **flags}
    if parameters is not None:
        call["parameters"] = parameters
    return json.dumps(call).encode() + b"\0"


def expect(condition, *words):
    if not condition:
        sys.exit("peer: " + " ".join(str(word) for word in words))


def hung_up(peer):
    try:
        return peer.receive() is None
    except (TimeoutError, ValueError):
        return False


def random_bytes(path):
    """Most of them end the connection; none may end anything else."""
    seed = int(os.environ.get("SEED", time.time()))
    print("SEED", seed)
    source = random.Random(seed)
    for _ in range(300):
        peer = Peer(path)
        peer.send(source.randbytes(source.choice((1, 17, 4096, 70000))))
        peer.close()
        # And bytes that begin like a call.
        call = bytearray(message("Wait", {"for": "ready"}))
        for _ in range(source.randrange(1, 4)):
            call[source.randrange(len(call))] = source.randrange(256)
        peer = Peer(path)
        peer.send(bytes(call))
        peer.close()


def hundred_megabytes(path):
    peer = Peer(path)
    block, sent = b" " * (1 << 20), 0
    while sent < 100 and peer.send(block):
        sent += 1
    expect(sent < 100, "all of 100 MB was taken")


def nested(path):
    for begin, end in ("[", "]"), ('{"a":', "}"):
        inner = begin * 10000 + "1" + end * 10000
        for text in (inner, '{"method":"%s.Status","parameters":{"x":%s}}' %
                     (INTERFACE, inner)):
            peer = Peer(path)
            peer.send(text.encode() + b"\0")
            expect(hung_up(peer), "nested 10,000 times, and not hung up")


def half_a_message(path):
    halves = []
    for call in message("Status"), message("Upgrade", {"exe": "x" * 500000}):
        peer = Peer(path)
        peer.send(call[: len(call) // 2])
        halves.append(peer)
    expect("parameters" in Peer(path).call("Status"), "no answer beside halves")
    return halves


def idle(path):
    """More than it takes: it answers all the same, and lets the oldest go."""
    peers = [Peer(path) for _ in range(500)]
    began = time.monotonic()
    expect("parameters" in Peer(path).call("Status"), "no answer beside 500")
    expect(time.monotonic() - began < 20, "an answer beside 500 took too long")
    expect("parameters" in peers[-1].call("Status"), "the newest has none")
    expect(hung_up(peers[0]), "the oldest of 500 is still connected")


def deaf(path):
    """Asks and never reads: it is let go, after no more than some MiB."""
    peer = Peer(path)
    peer.sock.settimeout(0.2)
    calls = message("History") * 1000
    try:
        for _ in range(2000):
            if not peer.send(calls):
                return
    except TimeoutError:
        pass  # its calls are no longer read either
    began = time.monotonic()
    expect("parameters" in Peer(path).call("Status"), "no answer beside it")
    expect(time.monotonic() - began < 20, "an answer beside it took too long")


def deaf_to_events(path):
    """The same, but for events: those of as many rollouts as are asked for."""
    peers = [Peer(path) for _ in range(10)]
    for peer in peers:
        peer.send(message("Events", more=True))
    other = Peer(path)
    for _ in range(int(os.environ.get("ROLLOUTS", "100"))):
        expect(other.call("Restart", {"wait": False}) == {"parameters": {}},
               "no rollout")
        other.call("Abort")
    expect("parameters" in Peer(path).call("Status"), "no answer beside it")


def pipelined(path):
    peer = Peer(path)
    calls = [("Status", "parameters"), ("NoSuchMethod", "error"),
             ("org.varlink.service.GetInfo", "parameters"),
             ("Wait", "error")] * 100
    peer.send(b"".join(message(method) for method, _ in calls))
    for method, wanted in calls:
        expect(wanted in (peer.receive() or {}), "out of turn:", method)
    # Calls that want no reply get none, and the calls after them get theirs.
    peer.send(message("Status", oneway=True) * 50 + message("NoSuch"))
    expect("error" in peer.receive(), "a call with oneway was replied to")


def methods(peer):
    """Each method of the interface with the types of its parameters."""
    reply = peer.call("org.varlink.service.GetInterfaceDescription",
                      {"interface": INTERFACE})
    text = reply["parameters"]["description"]
    for name, parameters in re.findall(r"^method (\w+)\(([^)]*)\)", text, re.M):
        yield name, re.findall(r"(\w+): *\??([][a-z]+)", parameters)


WRONG = {
    "string": (0, -1, 1.5, True, [], ["x"], {}, {"x": None}),
    "bool": (0, 1, "true", "", [], [True], {}, 1e300),
    "int": ("1", 1.5, True, [], [1], {}, -1, 1 << 40, -(1 << 60)),
    "object": (0, True, "x", [], [{}], 1.5),
    "[]string": (0, True, "x", {}, [], [1], ["x", None], ["x", ["y"]]),
}


def wrong_types(path):
    peer, tried = Peer(path), 0
    for method, parameters in list(methods(peer)):
        for name, kind in parameters:
            for value in WRONG[kind]:
                reply = peer.call(method, {name: value})
                expect(reply is not None and "InvalidParameter" in
                       reply.get("error", ""), method, name, value, reply)
                tried += 1
        for parameters in (0, "x", [], True):
            other = Peer(path)
            other.send(message(method, parameters))
            expect(hung_up(other), method, "took parameters", parameters)
    expect(tried > 60, "only", tried, "tried")
    for value in (0, None, [], {}, ["x"], True):
        other = Peer(path)
        other.send(json.dumps({"method": value}).encode() + b"\0")
        expect(hung_up(other), "took method", value)
    for flag in ("more", "oneway"):
        other = Peer(path)
        other.send(message("Status", **{flag: "yes"}))
        expect(hung_up(other), "took a flag that is a string")


def wrong_options(path):
    """Each option of an upgrade with values that none can have."""
    peer = Peer(path)
    for name in os.environ["OPTIONS"].split():
        for value in ({"x": 1}, [["x"]], [{}], [None], [1, {}]):
            reply = peer.call("Upgrade", {"options": {name: value},
                                          "wait": False})
            expect(reply is not None and "InvalidOption" in
                   reply.get("error", ""), name, value, reply)


def hang_up_in_rollouts(path):
    """After each number of messages that a rollout may have sent."""
    for n in list(range(8)) * 2:
        peer = Peer(path)
        peer.send(message("Restart", more=True))
        while n > 0 and (reply := peer.receive()) is not None:
            if not reply.get("continues"):
                break
            n -= 1
        peer.close()
        other = Peer(path)
        other.call("Abort")
        expect(other.call("Wait", {"for": "idle"}) == {"parameters": {}},
               "not idle after a peer hung up")


def refused(path):
    """Permitted to connect, and not to call."""
    peer = Peer(path)
    peer.send(message("Status"))
    expect(hung_up(peer), "another user was answered")


def crowd(path):
    """Holds as many connections with a call under way as it is let have."""
    wanted, held = int(os.environ["WANTED"]), int(os.environ["HELD"])
    peers = [Peer(path) for _ in range(wanted)]
    for peer in peers:
        peer.send(message("Events", more=True))
        peer.sock.setblocking(False)
    end = time.monotonic() + PATIENCE
    while len(peers) > held and time.monotonic() < end:
        peers = [peer for peer in peers if not is_at_end(peer.sock)]
        time.sleep(0.01)
    print("holds", len(peers), flush=True)
    time.sleep(600)


def is_at_end(sock):
    try:
        return sock.recv(65536) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def permitted(path):
    expect("parameters" in Peer(path).call("Status"), "was not answered")


def find(peer, call):
    reply = peer.call("Find", {"id": call})["parameters"]
    return reply["state"], reply.get("outcome", {}).get("result")


def found(path):
    """What became of a call is known by its id: before, during and after."""
    peer, other = Peer(path), Peer(path)
    expect(find(peer, "one") == ("unknown", None), "an id of nobody")
    peer.send(message("Restart", {"id": "one"}))
    while find(other, "one") == ("unknown", None):
        pass
    expect(find(other, "one") in (("running", None), ("ended", "promoted")),
           "a call under way")
    expect(peer.receive()["parameters"]["outcome"]["id"] == "one", "its id")
    expect(find(other, "one") == ("ended", "promoted"), "a call that ended")
    expect("error" in other.call("Find", {"id": "x" * 64}), "a long id")
    expect("error" in other.call("Find", {}), "no id")


ACTS = {f.__name__: f for f in (
    random_bytes, hundred_megabytes, nested, half_a_message, idle, deaf,
    deaf_to_events, pipelined, wrong_types, wrong_options,
    hang_up_in_rollouts, refused, permitted, found, crowd)}

if __name__ == "__main__":
    ACTS[sys.argv[1]](sys.argv[2])
