"""An S3 server in this process."""

import urllib.request

import pytest
from moto.server import ThreadedMotoServer


@pytest.fixture
def server(monkeypatch):
    """Its address; it is empty."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    running = ThreadedMotoServer(port=0)
    running.start()
    host, port = running.get_host_and_port()
    _tell(f"http://{host}:{port}", "reset")  # it keeps its buckets as long as the process lives
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def tell(server):
    """Set the server itself: `tell("reset-auth", b"0")`."""
    return lambda what, content=b"": _tell(server, what, content)


def _tell(address, what, content=b""):
    told = urllib.request.Request(f"{address}/moto-api/{what}", content, {"Content-Type": "text/plain"}, method="POST")
    urllib.request.urlopen(told).close()
