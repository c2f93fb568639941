"""upload_cases: the other side for tests/system/upload.sh: a collector that answers as it is told.

upload_cases.py serve FOLDER [CERTIFICATE KEY]   writes its port to FOLDER/port; answers each POST with the
                                                 status in FOLDER/status, keeps the bodies it took with 2xx
upload_cases.py split BATCH FOLDER N             writes the first N reports of a batch as N.report
"""
import http.server
import os
import re
import ssl
import sys

folder = sys.argv[2]


class Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(folder + "/status", encoding="ascii") as source:
            status = int(source.read())
        with open(folder + "/requests", "a", encoding="ascii") as to:
            to.write(f"{status} {self.headers['Content-Type']} {self.headers.get('User-Agent', '-')} {body.hex()}\n")
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


def serve():
    server = http.server.HTTPServer(("127.0.0.1", 0), Collector)
    if len(sys.argv) > 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(folder + "/port.new", "w", encoding="ascii") as to:
        to.write(str(server.server_address[1]))
    os.rename(folder + "/port.new", folder + "/port")
    server.serve_forever()


def split():
    with open(folder, "rb") as source:
        batch = source.read()
    starts = [match.start() for match in re.finditer(rb"\xd2\x84\x43\xa1\x01\x27\xa0", batch)]
    for number in range(int(sys.argv[4])):
        with open(f"{sys.argv[3]}/{number + 1:010}.report", "wb") as to:
            to.write(batch[starts[number]:starts[number + 1]])


globals()[sys.argv[1]]()
