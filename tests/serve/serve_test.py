"""Asks the server of `voxpack view --serve` for files, parts of files, and what it must not give.

Usage: serve_test.py VOXPACK
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

PROGRAM = None
BODY = bytes(range(256)) * 40


def split_answer(answer):
    """(code, headers, body) of an answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers, body


class Server(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.folder.name)
        (root / "served" / "in side").mkdir(parents=True)
        (root / "served" / "a.vxp").write_bytes(BODY)
        (root / "served" / "in side" / "b.vxp").write_bytes(b"b")
        (root / "served" / "empty.txt").write_bytes(b"")
        (root / "secret.txt").write_bytes(b"secret")
        (root / "served" / "out.txt").symlink_to(root / "secret.txt")
        (root / "served" / "up").symlink_to(root)
        os.mkfifo(root / "served" / "pipe")
        cls.process = cls.start(root / "served")
        cls.port = cls.port_of(cls.process)

    @classmethod
    def tearDownClass(cls):
        cls.process.kill()
        cls.process.wait()
        cls.process.stderr.close()
        cls.folder.cleanup()

    @staticmethod
    def start(folder):
        return subprocess.Popen([PROGRAM, "view", "--serve", "0", str(folder)],
                                stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)

    @staticmethod
    def port_of(process):
        return int(re.search(r"http://127\.0\.0\.1:(\d+)/", process.stderr.readline()).group(1))

    def raw(self, request):
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(request)
            answer = b""
            while piece := connection.recv(1 << 16):
                answer += piece
        return answer

    def ask(self, target, method="GET", host="localhost", **headers):
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return split_answer(self.raw("\r\n".join(lines).encode() + b"\r\n\r\n"))

    def test_whole_files(self):
        code, headers, body = self.ask("/a.vxp?x=1")
        self.assertEqual((code, body), (200, BODY))
        self.assertEqual(headers["Content-Length"], str(len(BODY)))
        self.assertEqual(headers["Accept-Ranges"], "bytes")
        self.assertEqual(self.ask("/in%20side/b.vxp")[2], b"b")
        self.assertEqual(self.ask("/empty.txt")[:1] + self.ask("/empty.txt")[2:], (200, b""))
        code, headers, body = self.ask("/a.vxp", "HEAD")
        self.assertEqual((code, headers["Content-Length"], body), (200, str(len(BODY)), b""))

    def test_parts(self):
        size = len(BODY)
        for asked, first, last in [("0-0", 0, 0), ("5-99", 5, 99), ("100-", 100, size - 1),
                                   ("-10", size - 10, size - 1), (f"9-{size + 5}", 9, size - 1),
                                   (f"-{size + 5}", 0, size - 1)]:
            code, headers, body = self.ask("/a.vxp", Range=f"bytes={asked}")
            self.assertEqual((code, body), (206, BODY[first:last + 1]), asked)
            self.assertEqual(headers["Content-Range"], f"bytes {first}-{last}/{size}")
        for asked in [f"{size}-", "-0"]:
            code, headers, _ = self.ask("/a.vxp", Range=f"bytes={asked}")
            self.assertEqual((code, headers["Content-Range"]), (416, f"bytes */{size}"))
        for asked in ["bytes=9-5", "bytes=0-1,3-4", "bytes=x-", "lines=0-1", "bytes=-", "bytes=1",
                      "bytes=99999999999999999999-"]:
            self.assertEqual(self.ask("/a.vxp", Range=asked)[0], 200, asked)

    def test_pages(self):
        code, headers, body = self.ask("/")
        self.assertEqual((code, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertIn(b'href="#in%20side/b.vxp"', body)
        code, headers, body = self.ask("/voxpack_viewer.js")
        self.assertEqual((code, headers["Content-Type"]), (200, "text/javascript; charset=utf-8"))
        self.assertIn(b"customElements.define", body)

    def test_nothing_outside(self):
        for target in ["/../secret.txt", "/%2e%2e/secret.txt", "/in%20side/../../secret.txt",
                       "/..%2fsecret.txt", "//secret.txt", "/a.vxp%00", "/%zz", "/%2", "/..\\x",
                       "http://x/a.vxp", "/./a.vxp"]:
            self.assertEqual(self.ask(target)[0], 400, target)
        for target in ["/out.txt", "/up/secret.txt", "/in%20side", "/pipe", "/none", "/a.vxp/x"]:
            code, _, body = self.ask(target)
            self.assertEqual((code, body), (404, b"404 Not Found\n"), target)
        self.assertEqual(self.ask("/a.vxp", host="evil.example")[0], 403)
        self.assertEqual(self.ask("/a.vxp", host="evil.example:80")[0], 403)

    def test_other_requests(self):
        for method in ["POST", "PUT", "DELETE", "get"]:
            code, headers, _ = self.ask("/a.vxp", method)
            self.assertEqual((code, headers.get("Allow")), (405, "GET, HEAD"), method)
        for request in [b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/2\r\n\r\n",
                        b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"\xff\xfe\r\n\r\n"]:
            self.assertEqual(split_answer(self.raw(request))[0], 400, request)
        long = b"GET / HTTP/1.1\r\nX: " + b"x" * 40000
        self.assertEqual(split_answer(self.raw(long))[0], 431)
        self.assertEqual(self.ask("/a.vxp", Content_Length="5")[0], 400)

    def test_one_connection_many_requests(self):
        request = b"GET /in%20side/b.vxp HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        last = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        self.assertEqual(self.raw(request * 5 + last).count(b"\r\n\r\nb"), 6)

    def test_many_at_once(self):
        results = []
        threads = [threading.Thread(target=lambda: results.append(self.ask("/a.vxp")[2] == BODY))
                   for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [True] * 40)

    def test_ends_with_a_connection_open(self):
        with tempfile.TemporaryDirectory() as folder:
            for number, code in [(signal.SIGINT, 130), (signal.SIGTERM, 143)]:
                process = self.start(folder)
                port = self.port_of(process)
                with socket.create_connection(("127.0.0.1", port)):
                    process.send_signal(number)
                    self.assertEqual(process.wait(10), code)
                process.stderr.close()

    def test_what_cannot_be_served(self):
        for arguments, code, words in [
                (["--serve", str(self.port)], 3, "cannot listen on port"),
                (["--serve", "0", "no_such_folder"], 3, "no such folder"),
                (["--serve", "70000"], 2, "70000")]:
            done = subprocess.run([PROGRAM, "view", *arguments], capture_output=True, text=True,
                                  timeout=10, check=False)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
