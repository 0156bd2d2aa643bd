"""The proxy's configuration that `deploy/` gives, in a real nginx before a running service."""

import os
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.outside import signing
from tests.outside.certificates import ClientCertificate
from tests.outside.client import Sandbox, check_problem
from tests.outside.running import free_port

ROOT = Path(__file__).parents[2]
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
OWN, OTHER = ClientCertificate.new(), ClientCertificate.new()
WHOLE = """
error_log stderr warn;
pid {folder}/pid;
daemon off;
worker_processes 1;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {server}
}}
"""


@dataclass(frozen=True)
class Front:
    """The proxy, and the service behind it."""

    url: str
    certificate: Path
    behind: Sandbox

    def client(self, own: ClientCertificate | None = None) -> httpx.Client:
        """A client that trusts the proxy's certificate, and shows one of its own."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        context.check_hostname = False
        if own is not None:
            context.load_cert_chain(*own.write(self.certificate.parent))
        return httpx.Client(verify=context, trust_env=False, base_url=self.url)


@pytest.fixture(scope="module")
def front(strict: Sandbox) -> Iterator[Front]:
    if NGINX is None:
        pytest.skip("nginx is not installed (apt-get install nginx-light)")
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        certificate, key = ClientCertificate.new().write(folder)
        server = (ROOT / "deploy/nginx.conf").read_text()
        for given, here in {
            "127.0.0.1:8000": strict.base_url.removeprefix("http://"),
            "listen 443": f"listen 127.0.0.1:{port}",
            "/etc/ssl/casefile.example/fullchain.pem": str(certificate),
            "/etc/ssl/casefile.example/key.pem": str(key),
        }.items():
            assert given in server
            server = server.replace(given, here)
        (folder / "nginx.conf").write_text(WHOLE.format(folder=folder, server=server))
        process = subprocess.Popen([NGINX, "-p", str(folder), "-c", "nginx.conf"])
        try:
            front = Front(f"https://127.0.0.1:{port}", certificate, strict)
            wait_until_it_answers(front, process)
            yield front
        finally:
            process.terminate()
            process.wait(10)


def wait_until_it_answers(front: Front, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    with front.client() as client:
        while True:
            assert process.poll() is None and time.monotonic() < deadline, "nginx did not take the configuration"
            try:
                client.get("/healthz").raise_for_status()
                return
            except httpx.TransportError:
                time.sleep(0.05)


def test_a_token_is_bound_to_the_certificate_of_the_connection(front: Front) -> None:
    form = front.behind.party("force-53-rms").token_form()
    with front.client(OWN) as client:
        token = client.post("/oauth/token", data=form).json()["access_token"]
        sent = {"Authorization": f"Bearer {token}"}

        assert signing.claims_of(token)["cnf"] == {"x5t#S256": OWN.thumbprint}
        assert client.get("/v1/me", headers=sent).status_code == 200
    with front.client(OTHER) as thief:
        check_problem(thief.get("/v1/me", headers=sent), 401, "not-authenticated")


@pytest.mark.parametrize("own", [None, OTHER], ids=["without", "with another"])
def test_a_certificate_that_the_client_only_names_is_taken_away(front: Front, own: ClientCertificate | None) -> None:
    form = front.behind.party("force-53-rms").token_form()
    with front.client(OWN) as client:
        token = client.post("/oauth/token", data=form).json()["access_token"]
    sent = {"Authorization": f"Bearer {token}", "Client-Cert": OWN.escaped}
    with front.client(own) as thief:
        check_problem(thief.get("/v1/me", headers=sent), 401, "not-authenticated")
