"""A small time-stamping authority (RFC 3161) on loopback: OpenSSL answers, below a certificate of its own."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CONFIGURATION = """
[tsa]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256
ess_cert_id_alg = sha256
"""


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


@dataclass
class TimeStamper:
    """An authority; what it is to answer instead of a stamp over what it was asked can be put into `instead`."""

    folder: Path
    url: str = ""
    asked: list[bytes] = field(default_factory=list)
    instead: bytes | None = None
    status: int = 200

    @property
    def roots(self) -> Path:
        return self.folder / "root.pem"

    def make_keys(self) -> None:
        """Make the root and the authority's own key and certificate."""
        root_key, key = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
        begun = datetime.now(UTC) - timedelta(days=1)

        def certificate(name: str, public: rsa.RSAPublicKey) -> x509.CertificateBuilder:
            builder = x509.CertificateBuilder().subject_name(_name(name)).issuer_name(_name("Root"))
            builder = builder.public_key(public).serial_number(x509.random_serial_number())
            return builder.not_valid_before(begun).not_valid_after(begun + timedelta(days=30))

        root = certificate("Root", root_key.public_key()).add_extension(x509.BasicConstraints(True, None), True)
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        own = certificate("Authority", key.public_key()).add_extension(usage, True)
        self.roots.write_bytes(root.sign(root_key, SHA256()).public_bytes(Encoding.PEM))
        (self.folder / "own.pem").write_bytes(own.sign(root_key, SHA256()).public_bytes(Encoding.PEM))
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / "key.pem").write_bytes(private)
        (self.folder / "serial").write_text("01\n")
        (self.folder / "tsa.cnf").write_text(_CONFIGURATION.format(folder=self.folder))

    def answer(self, query: bytes) -> bytes:
        """Stamp what is asked for."""
        self.asked.append(query)
        if self.instead is not None:
            return self.instead
        files = {name: str(self.folder / name) for name in ("tsa.cnf", "own.pem", "key.pem")}
        (self.folder / "query").write_bytes(query)
        words = ["openssl", "ts", "-reply", "-queryfile", str(self.folder / "query"), "-out", str(self.folder / "out")]
        words += ["-config", files["tsa.cnf"], "-section", "tsa", "-signer", files["own.pem"]]
        words += ["-inkey", files["key.pem"]]
        subprocess.run(words, check=True, capture_output=True)
        return (self.folder / "out").read_bytes()


@contextmanager
def time_stamper(folder: Path) -> Iterator[TimeStamper]:
    """An authority that listens."""
    folder.mkdir()
    authority = TimeStamper(folder)
    authority.make_keys()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(authority.status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    authority.url = f"http://127.0.0.1:{server.server_port}/"
    listening = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    listening.start()
    try:
        yield authority
    finally:
        server.shutdown()
        listening.join()
        server.server_close()
