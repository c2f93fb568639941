"""rpc: a client of sottod for the tests: one socket, one request at a time.

rpc.py SOCKET METHOD [PARAMS]      prints the result as JSON, or the error and ends 1
"""
import json
import socket
import sys


class Refused(Exception):
    """The daemon answered with an error."""

    def __init__(self, error):
        super().__init__(json.dumps(error))
        self.code = error["code"]
        self.data = error["data"]


class Client:
    """A connection; notifications that come in between are kept in `told`."""

    def __init__(self, path, timeout=20):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)  # waits where the queue is full
        self.socket.settimeout(timeout)
        self.bytes = b""
        self.number = 0
        self.told = []

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        while b"\n" not in self.bytes:
            got = self.socket.recv(65536)
            if not got:
                raise EOFError("the daemon closed the connection")
            self.bytes += got
        line, self.bytes = self.bytes.split(b"\n", 1)
        return json.loads(line)

    def answer(self, number):
        while True:
            message = self.line()
            if "method" in message:
                self.told.append(message)
                continue
            assert message["jsonrpc"] == "2.0" and message["id"] == number, message
            if "error" in message:
                raise Refused(message["error"])
            return message["result"]

    def ask(self, method, **params):
        self.number += 1
        request = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
        self.send(json.dumps(request).encode() + b"\n")
        return self.answer(self.number)

    def is_over(self):
        """Whether the daemon has closed the connection, whatever it said before."""
        try:
            while self.socket.recv(65536):
                pass
            return True
        except ConnectionError:
            return True
        except socket.timeout:
            return False


if __name__ == "__main__":
    try:
        given = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
        print(json.dumps(Client(sys.argv[1]).ask(sys.argv[2], **given), ensure_ascii=False))
    except (Refused, OSError, EOFError) as problem:
        print(problem)
        sys.exit(1)
