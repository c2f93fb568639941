"""web_cases: what tests/system/web.sh asks of a running sotto-web, a function for each case.

web_cases.py CASE PORT TOKEN [WORD...]      ends 0 when all is as it should be
"""
import http.client
import json
import socket
import sys
import threading
import time

port = int(sys.argv[2])
token = sys.argv[3]
words = sys.argv[4:]
ORIGIN = f"http://127.0.0.1:{port}"


def request(method="POST", path="/rpc", body=None, drop=(), **headers):
    """The status, headers and body of one request; all headers right unless told otherwise."""
    given = {"Host": f"127.0.0.1:{port}", "Origin": ORIGIN, "Content-Type": "application/json",
             "Authorization": "Bearer " + token}
    given.update({name.replace("_", "-"): value for name, value in headers.items()})
    for name in drop:
        given.pop(name, None)
    if body is None:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "health"}) if method == "POST" else ""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in given.items():
        connection.putheader(name, value)
    if method == "POST" and "Content-Length" not in given and "Transfer-Encoding" not in given \
            and "Content-Length" not in drop:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    try:
        connection.send(body.encode() if isinstance(body, str) else body)
    except ConnectionError:
        pass  # refused before the body was sent
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


def rpc(method, **params):
    status, _, body = request(body=json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
    assert status == 200, (status, body)
    message = json.loads(body)
    assert "result" in message, message
    return message["result"]


def status_is(wanted, **how):
    status, headers, body = request(**how)
    assert status == wanted, f"{status} {body} for {how}"
    assert headers.get("Cache-Control") == "no-store", headers
    assert b"jsonrpc" not in body or wanted == 200, body


def healthy():
    status, headers, body = request()
    assert status == 200 and json.loads(body)["result"]["storage"] == "ok", body
    assert headers["Content-Type"] == "application/json" and headers["Vary"] == "Origin"
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    for host, origin in [("localhost", "localhost"), ("[::1]", "[::1]"), ("127.0.0.1", "localhost")]:
        status_is(200, Host=f"{host}:{port}", Origin=f"http://{origin}:{port}")


def rebinding():
    for host in ["evil.example", f"evil.example:{port}", "127.0.0.1", "localhost", f"127.0.0.1:{port}.evil.example",
                 f"127.0.0.2:{port}", f"127.0.0.1:{port + 1}", "", f"LOCALHOST:{port}"]:
        status_is(403, Host=host)
        status_is(403, method="GET", path="/", Host=host)
        status_is(403, method="GET", path="/events", Host=host)
    # HTTP/1.1 without Host is no request at all.
    assert request(drop=["Host"])[0] in (400, 403)


def origins():
    for origin in ["https://evil.example", "null", f"https://127.0.0.1:{port}", f"http://127.0.0.1:{port}/",
                   "http://127.0.0.1", f"HTTP://127.0.0.1:{port}", f"http://127.0.0.1:{port} ", "*", ""]:
        if origin.strip() != origin:
            continue  # the protocol takes the space away
        status_is(403, Origin=origin)
        status_is(403, method="GET", path="/events", Origin=origin)
        status_is(403, method="OPTIONS", Origin=origin)
    status_is(403, drop=["Origin"])
    status_is(403, method="OPTIONS", drop=["Origin"])
    status_is(403, method="GET", path="/events", drop=["Origin"], Sec_Fetch_Site="cross-site")
    status, headers, _ = request(method="OPTIONS")
    assert status == 204 and headers["Access-Control-Allow-Origin"] == ORIGIN, headers
    status, headers, _ = request(Origin="https://kiosk.example")
    assert status == 200 and headers["Access-Control-Allow-Origin"] == "https://kiosk.example"


def tokens():
    for wrong in ["", "Bearer", "Bearer ", token, "Basic " + token, "bearer " + token, "Bearer " + token[:-1],
                  "Bearer " + token + "0", "Bearer " + "0" * 64, "Bearer  " + token]:
        status_is(401, Authorization=wrong)
        status_is(401, method="GET", path="/events", Authorization=wrong)
    status_is(401, drop=["Authorization"])
    status_is(401, path="/rpc?token=" + token, drop=["Authorization"])


def shapes():
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx",
                 "application/json; charset=latin1", ""]:
        status_is(415, Content_Type=kind)
    status_is(415, drop=["Content-Type"])
    status_is(200, Content_Type="application/json; charset=utf-8")
    status_is(413, body="x" * 65537)
    status_is(413, Content_Length="99999999999", body="")
    status_is(411, drop=["Content-Length"], Transfer_Encoding="chunked", body="5\r\nhello\r\n0\r\n\r\n")
    for body in ["", "{", "[]", "7", '{"jsonrpc":"2.0","method":"health"}', "\xff", '{"id":1,"id":2}', "{}" * 2]:
        status_is(400, body=body.encode("latin-1"))
    # Written out these numbers are longer than sottod takes.
    status_is(400, body='{"jsonrpc":"2.0","id":1,"method":"health","params":{"x":[' + ",".join(["1e300"] * 9000) + "]}}")
    status, _, body = request(body='{"jsonrpc":"2.0",\n"id":1,\n"method":"no such"}')
    assert status == 200 and json.loads(body)["error"]["code"] == -32601
    for method in ["PUT", "DELETE", "PATCH", "HEAD", "GET"]:
        assert request(method=method)[0] == 405, method
    for junk in [b"\x00" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"A" * 100000, b"\x16\x03\x01\x02\x00\x01\x00"]:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
            try:
                raw.sendall(junk)
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(4096):
                    pass
            except OSError:
                pass  # closed while we spoke
    status_is(200)


def pages():
    status, headers, body = request(method="GET", path="/", drop=["Authorization", "Origin"])
    assert status == 200 and b"<title>" in body, (status, body)
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    status, headers, _ = request(method="GET", path="/part/code.js", drop=["Authorization", "Origin"])
    assert status == 200 and headers["Content-Type"].startswith("text/javascript")
    for path in ["/part", "/part/", "/../sotto.conf", "/part/../index.html", "/%2e%2e/sotto.conf", "/.hidden.html",
                 "/link.html", "/linked/index.html", "//index.html", "/index.html/", "/notes.txt", "/nothing.html",
                 "/" + "a" * 300 + ".html", "/index.html%00.js", "/fifo.html", "/part%2fcode.js/x"]:
        assert request(method="GET", path=path, drop=["Authorization", "Origin"])[0] == 404, path


def listen(lines, stop):
    """GET /events as a page does; what comes is put into `lines`."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
        raw.sendall(f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        raw.settimeout(0.1)
        text = b""
        while not stop.is_set():
            try:
                got = raw.recv(4096)
            except socket.timeout:
                continue
            if not got:
                return
            text += got
            lines[:] = text.decode().split("\n")


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def events():
    from rpc import Client, Refused
    lines, stop = [], threading.Event()
    page = threading.Thread(target=listen, args=(lines, stop))
    page.start()
    try:
        until(lambda: any("text/event-stream" in line for line in lines))
        session = rpc("session.begin", profile="carl")["session"]
        Client(words[0] + "/subject.sock").ask("consent", profile="carl", purpose="store", state="granted")
        until(lambda: any("consent.changed" in line for line in lines))
        told = next(line for line in lines if "consent.changed" in line)
        assert json.loads(told.split("data: ")[1])["params"]["session"] == session, told
    finally:
        stop.set()
        page.join()
    # The page has gone: its visit is over, and the profile free for another.
    def is_free():
        try:
            Client(words[0] + "/ui.sock").ask("session.begin", profile="carl")
            return True
        except Refused:
            return False
    until(is_free)


def behind():
    """sottod, played here, says something right behind a reply. PROGRAM FOLDER."""
    import os
    import subprocess
    global port, token, ORIGIN
    program, folder = words
    server = socket.socket(socket.AF_UNIX)
    server.bind(folder + "/played.sock")
    server.listen()

    def play():
        peer, text = server.accept()[0], b""
        while got := peer.recv(65536):
            text += got
            while b"\n" in text:
                line, text = text.split(b"\n", 1)
                number = json.loads(line)["id"]
                said = json.dumps({"jsonrpc": "2.0", "id": number, "result": {}}, separators=(",", ":")) + "\n"
                if number:  # not for the subscription
                    said += '{"jsonrpc":"2.0","method":"profile.erased","params":{}}\n'
                peer.sendall(said.encode())

    threading.Thread(target=play, daemon=True).start()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ORIGIN = f"http://127.0.0.1:{port}"
    web = subprocess.Popen([program, "--port", str(port), "--ui-socket", folder + "/played.sock", "--pages", "",
                            "--token-file", folder + "/played.token"])
    lines, stop = [], threading.Event()
    page = threading.Thread(target=listen, args=(lines, stop))
    try:
        until(lambda: os.path.exists(folder + "/played.token"))
        with open(folder + "/played.token", encoding="ascii") as source:
            token = source.read()
        page.start()
        until(lambda: any("text/event-stream" in line for line in lines))
        status_is(200)
        until(lambda: any("profile.erased" in line for line in lines), 5)
    finally:
        stop.set()
        if page.is_alive():
            page.join()
        web.terminate()
        web.wait()


def slate():
    session = rpc("session.begin")["session"]
    rpc("event", session=session, item=words[0], type="select")
    rpc("consent.set", session=session, purpose="personalise", state="granted")
    one = rpc("slate", session=session, count=5)["slate"]
    packet = rpc("disclosure", slate=one)["packet"]
    time.sleep(packet["min_display_ms"] / 1000 + 0.05)
    rpc("disclosure.confirm", slate=one, hash=packet["hash"], channels=["screen"], answer="accepted",
        visible_ms=packet["min_display_ms"] + 10)
    view = rpc("open", slate=one)
    assert view["personalised"] and len(view["items"]) == 5, view
    rpc("session.end", session=session)


def crowd():
    """More connections than allowed, and some that say nothing: others are served when they go."""
    idle = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(200)]
    time.sleep(0.3)
    for one in idle:
        one.close()
    until(lambda: request()[0] == 200)
    one = socket.create_connection(("127.0.0.1", port), timeout=20)
    one.sendall(b"POST /rpc HTTP/1.1\r\nHost: ")
    begun = time.monotonic()
    while one.recv(4096):
        pass
    assert time.monotonic() - begun < 10
    status_is(200)


def unavailable():
    status_is(503)


globals()[sys.argv[1]]()
