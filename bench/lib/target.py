"""The target of the probes: an HTTP server that notes when each path was asked, and fails the paths it is told to.

Two instances of 1,000 checks at 10 s are 200 requests a second, so it parses no more of a request than its first line. It
never closes a connection first: whether the prober opens a fresh one for each probe shows in `connections`.

  GET  /m/00017          200, or 503 while it is failing
  GET  /control/counts   {"m": {"requests": n, "connections": n, "times": {"00017": [seconds, ...]}}, ...}
  POST /control/reset    forgets all notes
  POST /control/fail/m/00017, POST /control/heal/m/00017
"""

import asyncio
import json
import sys
import time

notes = {}
failing = set()
BODY = b'{"status":"healthy"}'
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(BODY), BODY)
DOWN = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n"


class Target(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.seen = b""
        self.fresh = True

    def data_received(self, data):
        self.seen += data
        while (end := self.seen.find(b"\r\n\r\n")) >= 0:
            head, self.seen = self.seen[:end], self.seen[end + 4 :]
            method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
            self.transport.write(self.answer(method, path))

    def answer(self, method, path):
        parts = path.strip("/").split("/")
        if parts[0] == "control":
            return self.control(parts[1:])
        group = notes.setdefault(parts[0], {"requests": 0, "connections": 0, "times": {}})
        group["requests"] += 1
        group["connections"] += self.fresh
        self.fresh = False
        group["times"].setdefault(parts[-1], []).append(time.monotonic())
        return DOWN if path in failing else OK

    def control(self, parts):
        body = b"{}"
        if parts == ["counts"]:
            body = json.dumps(notes).encode()
        elif parts == ["reset"]:
            notes.clear()
        elif parts[0] == "fail":
            failing.add("/" + "/".join(parts[1:]))
        elif parts[0] == "heal":
            failing.discard("/" + "/".join(parts[1:]))
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


async def main(port):
    server = await asyncio.get_running_loop().create_server(Target, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
