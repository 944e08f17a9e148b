"""The health check: one request, with as few imports as can be, since it runs every second beside the load."""

import socket
import sys

with socket.create_connection(("127.0.0.1", 8000), timeout=2) as connection:
    connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    if b" 200 " not in connection.recv(64):
        sys.exit("not healthy")
