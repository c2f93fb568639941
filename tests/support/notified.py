"""notified: runs a program as systemd would, and prints what it says about itself.

notified.py SECONDS COMMAND...      ends it after so many seconds; ends as it ended
"""
import os
import socket
import subprocess
import sys
import tempfile
import time

with tempfile.TemporaryDirectory() as folder:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(folder + "/notify")
    listener.settimeout(0.1)
    child = subprocess.Popen(sys.argv[2:], env={**os.environ, "NOTIFY_SOCKET": folder + "/notify",
                                                "WATCHDOG_USEC": "1000000"})
    end = time.monotonic() + float(sys.argv[1])
    is_asked = False
    while child.poll() is None:
        try:
            print(listener.recv(256).decode())
        except socket.timeout:
            pass
        if time.monotonic() > end and not is_asked:
            child.terminate()
            is_asked = True
    try:
        while True:
            print(listener.recv(256).decode())
    except socket.timeout:
        pass
sys.exit(child.returncode)
