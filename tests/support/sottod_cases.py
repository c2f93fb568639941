"""sottod_cases: what tests/system/daemon.sh asks of a running daemon, a function for each case.

sottod_cases.py CASE FOLDER [WORD...]      FOLDER holds the sockets; ends 0 when all is as it should be
"""
import json
import os
import resource
import socket
import sys
import time

from rpc import Client, Refused

folder = sys.argv[2]
words = sys.argv[3:]


def ui(**more):
    return Client(folder + "/ui.sock", **more)


def refused(code, call, *args, **params):
    try:
        call(*args, **params)
    except Refused as error:
        assert error.code == code, error
        return
    raise AssertionError("it was not refused")


def item():
    return words[0]


def personal_slate(client, session, count=20, answer="accepted"):
    """Grants consent, waits for the banner like a person; the open slate."""
    client.ask("consent.set", session=session, purpose="personalise", state="granted")
    slate = client.ask("slate", session=session, count=count)["slate"]
    shown = client.ask("disclosure", slate=slate)
    if shown["is_needed"]:
        packet = shown["packet"]
        time.sleep(packet["min_display_ms"] / 1000 + 0.05)
        client.ask("disclosure.confirm", slate=slate, hash=packet["hash"], channels=["screen"],
                   answer=answer, visible_ms=packet["min_display_ms"] + 10)
    return slate, client.ask("open", slate=slate)


def counted(client, slate, view, wanted):
    """How many events with the item the reasons of a slate sum up."""
    for place in view["items"]:
        told = client.ask("explain", slate=slate, rank=place["rank"], reasons=16)
        for reason in told["reasons"]:
            if reason.get("item") == wanted:
                return reason["events"]
    return 0


def visit():
    client = ui()
    session = client.ask("session.begin")["session"]
    client.ask("event", session=session, item=item(), type="select")
    slate, view = personal_slate(client, session, count=5)
    assert view["personalised"] and view["why"] == 0 and len(view["items"]) == 5, view
    told = client.ask("explain", slate=slate, rank=0, reasons=16)
    assert told["count"] > 16 or sum(r["contribution"] for r in told["reasons"]) == told["score"]
    client.ask("session.end", session=session)


def declined():
    client = ui()
    session = client.ask("session.begin")["session"]
    client.ask("event", session=session, item=item(), type="select")
    _, view = personal_slate(client, session, answer="declined")
    assert not view["personalised"], view
    state = client.ask("consent.get", session=session, purpose="personalise")["state"]
    assert state == "denied", state


def roles():
    for method, at in [("report.preview", "ui"), ("audit.export", "ui"), ("erase", "ui"),
                       ("keys.rotate", "ui"), ("slate", "operator"), ("session.begin", "operator"),
                       ("erase", "operator"), ("consent", "operator"), ("slate", "subject"),
                       ("report.preview", "subject"), ("keys.rotate", "subject")]:
        refused(-32601, Client(f"{folder}/{at}.sock").ask, method)


def stranger():
    """Run as another user on a socket that lets it in: closed without a word."""
    client = Client(folder + "/ui.sock")
    try:
        client.ask("health")
    except (EOFError, ConnectionError):
        return
    raise AssertionError("it was answered")


def guest():
    assert ui().ask("health")["storage"] == "ok"


def half():
    client, other = ui(), ui()
    client.send(b'{"jsonrpc":"2.0","id":1,')
    begun = time.monotonic()
    while time.monotonic() - begun < 0.5:
        other.ask("health")
    assert client.is_over() and time.monotonic() - begun < 5
    other.ask("health")


def pieces():
    client = ui()
    for byte in b'{"jsonrpc":"2.0","id":9,"method":"health"}\n':
        client.send(bytes([byte]))
    assert client.answer(9)["storage"] == "ok"


def pipeline():
    client = ui()
    session = client.ask("session.begin")["session"]
    lines = b""
    for number in range(100, 300):
        lines += json.dumps({"jsonrpc": "2.0", "id": number, "method": "event",
                             "params": {"session": session, "item": item(), "type": "view"}}).encode() + b"\n"
    client.send(lines)
    for number in range(100, 300):
        client.answer(number)


def slow():
    client, other = ui(), ui()
    request = b'{"jsonrpc":"2.0","id":1,"method":"health"}\n' * 200
    client.socket.settimeout(0.2)
    begun = time.monotonic()
    try:
        while time.monotonic() - begun < 20:
            try:
                client.send(request)
            except socket.timeout:
                pass
            other.ask("health")
    except (BrokenPipeError, ConnectionResetError):
        other.ask("health")
        return
    raise AssertionError("a reader that takes nothing was kept for 20 s")


def big():
    client, other = ui(), ui()
    try:
        client.send(b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * 1000000 + b'"}\n')
    except ConnectionError:
        pass  # it was closed while we spoke
    else:
        try:
            assert client.line()["error"]["code"] == -32600
        except ConnectionError:
            pass
    assert client.is_over()
    # Just over the limit there is room for the answer to arrive.
    client = ui()
    client.send(b" " * 65530 + b'{"jsonrpc":"2.0","id":1,"method":"health"}\n')
    assert client.line()["error"]["code"] == -32600
    assert client.is_over()
    client = ui()
    line = b'{"jsonrpc":"2.0","id":1,"method":"health"}'
    client.send(b" " * (65536 - len(line)) + line + b"\n")
    assert client.answer(1)["storage"] == "ok"
    other.ask("health")


def crowd():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    allowed = int(words[0])
    first = ui()
    all_of_them = []
    for _ in range(2000):
        one = socket.socket(socket.AF_UNIX)
        one.connect(folder + "/ui.sock")  # waits where the queue is full
        one.settimeout(20)
        all_of_them.append(one)
    assert first.ask("health")["storage"] == "ok"
    answered = 0
    for one in all_of_them:
        try:
            one.sendall(b'{"jsonrpc":"2.0","id":1,"method":"health"}\n')
            answered += bool(one.recv(4096))
        except ConnectionError:
            pass
    assert answered == allowed - 1, answered
    for one in all_of_them:
        one.close()
    time.sleep(0.2)
    assert ui().ask("health")["storage"] == "ok"


def record():
    """Events one after the other; the number of the last acknowledged one is in a file."""
    client = ui()
    session = client.ask("session.begin", profile="ann")["session"]
    client.ask("consent.set", session=session, purpose="store", state="granted")
    client.ask("consent.set", session=session, purpose="personalise", state="granted")
    done = 0
    try:
        while done < 900:
            assert client.ask("event", session=session, item=item(), type="view")["stored"] is True
            done += 1
            with open(folder + "/acknowledged", "w", encoding="ascii") as to:
                to.write(str(done))
        # Storage was quick: all are there before the kill, which ends this wait.
        client.socket.settimeout(None)
        client.line()
    except (EOFError, ConnectionError):
        return


def recorded():
    with open(folder + "/acknowledged", encoding="ascii") as source:
        acknowledged = int(source.read())
    client = ui()
    session = client.ask("session.begin", profile="ann")["session"]
    slate, view = personal_slate(client, session)
    found = counted(client, slate, view, item())
    print(f"{acknowledged} were acknowledged, {found} are there")
    assert acknowledged > 0 and acknowledged <= found <= acknowledged + 1


def notices():
    client, subject = ui(), Client(folder + "/subject.sock")
    session = client.ask("session.begin", profile="bob")["session"]
    client.ask("events.subscribe")
    subject.ask("consent", profile="bob", purpose="store", state="granted")
    told = client.line()
    assert told["method"] == "consent.changed" and told["params"]["session"] == session, told
    subject.ask("erase", profile="bob")
    assert client.line()["method"] == "profile.erased"


def leave():
    """What a client began ends when it goes."""
    for _ in range(3):
        clients = [ui() for _ in range(4)]
        for client in clients:
            client.ask("session.begin")
        refused(-32018, ui().ask, "session.begin")
        for client in clients:
            client.socket.close()
        time.sleep(0.1)


def garbage():
    for number in range(200):
        client = ui()
        client.send(os.urandom(number) + b"\n" + b"\x00" * number + b"\n")
        client.socket.close()
    assert ui().ask("health")["storage"] == "ok"


def operator():
    client = Client(folder + "/operator.sock")
    assert client.ask("health")["outbox_files"] == 0
    size, log = 1, b""
    while len(log) < size:
        piece = client.ask("audit.export", offset=len(log))
        size = piece["size"]
        log += bytes.fromhex(piece["bytes"])
    with open(folder + "/audit.log", "wb") as to:
        to.write(log)
    print(client.ask("audit.key")["key"])


def counted_again():
    """Every profile's events, four profiles at a time for there are four sessions."""
    with open(folder + "/counts", encoding="ascii") as source:
        wanted = [line.split() for line in source]
    lost = total = 0
    for first in range(0, len(wanted), 4):
        open_now = []
        for profile, what, count in wanted[first:first + 4]:
            client = ui()
            session = client.ask("session.begin", profile=profile)["session"]
            slate = client.ask("slate", session=session)["slate"]
            shown = client.ask("disclosure", slate=slate)
            open_now.append((client, session, slate, shown["packet"], what, int(count)))
        time.sleep(0.6)
        for client, session, slate, packet, what, count in open_now:
            client.ask("disclosure.confirm", slate=slate, hash=packet["hash"], channels=["screen"],
                       answer="accepted", visible_ms=packet["min_display_ms"] + 10)
            found = counted(client, slate, client.ask("open", slate=slate), what)
            lost += max(0, count - found)
            total += count
            client.ask("session.end", session=session)
    print(f"of {total} acknowledged events {lost} were lost")
    assert total > 0 and lost == 0


globals()[sys.argv[1]]()
