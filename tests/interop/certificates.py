"""The certificates of this suite, made anew by openssl(1) for each run: what a server shows, and what a device has.

NAME.der is the certificate, NAME.key.der and NAME.key.pem its key (PKCS #8), NAME.chain.pem what a server sends: itself
first, then what NAME.above.pem has. All keys are on P-256. trusted.pem and trusted.der are the only anchor that anybody
trusts.
"""

from __future__ import annotations

import functools
import hashlib
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "target" / "interop" / "certificates"

# The Endpoint Client Name of the device that has a certificate: Leshan compares the CN with it (TS 1.0 section 7.1.5).
DEVICE = "interop-device"
HERE = "DNS:localhost,IP:127.0.0.1"

# What the servers show; name, subject and who else it is for, issuer, chain that is sent. The first is the usual one.
SERVERS = {
    "main": ("localhost", HERE, "root", ["main"]),
    "other": ("elsewhere.example", "DNS:elsewhere.example", "root", ["other"]),
    "expired": ("localhost", HERE, "root", ["expired"]),
    # the anchor goes along: only so can a hash of it be compared
    "long": ("localhost", HERE, "middle", ["long", "middle", "root"]),
    "alone": ("localhost", HERE, None, ["alone"]),
    # where TS 1.0 section 7.1.9 looks for an address
    "common": ("127.0.0.1", "", "root", ["common"]),
    "uri": ("server", "URI:coaps://127.0.0.1:5684/", "root", ["uri"]),
}
CLIENTS = {DEVICE: "root", "stranger": "elsewhere"}
AUTHORITIES = {"root": None, "middle": "root", "elsewhere": None}


@functools.cache
def folder() -> Path:
    """Makes all of them at the first call."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for name, issuer in AUTHORITIES.items():
        _issue(name, f"{name} authority", issuer, "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n")
    for name, (subject, others, issuer, _) in SERVERS.items():
        names = f"subjectAltName={others}\n" if others else ""
        _issue(name, subject, issuer, names + "extendedKeyUsage=serverAuth\n", name == "expired")
    for name, issuer in CLIENTS.items():
        _issue(name, DEVICE, issuer, "extendedKeyUsage=clientAuth\n")
    for name, (_, _, _, chain) in SERVERS.items():
        texts = [(FOLDER / f"{one}.pem").read_text() for one in chain]
        (FOLDER / f"{name}.chain.pem").write_text("".join(texts))
        (FOLDER / f"{name}.above.pem").write_text("".join(texts[1:]))
    for kind in ("pem", "der"):
        shutil.copy(FOLDER / f"root.{kind}", FOLDER / f"trusted.{kind}")
    return FOLDER


def path(file: str) -> str:
    return str(folder() / file)


def hashed(name: str, algorithm: str) -> str:
    """A file that has the hash of a certificate, as Matching Type 1 to 3 want it."""
    out = folder() / f"{name}.{algorithm}"
    out.write_bytes(hashlib.new(algorithm, (folder() / f"{name}.der").read_bytes()).digest())
    return str(out)


def _issue(name: str, subject: str, issuer: str | None, extensions: str, expired: bool = False) -> None:
    (FOLDER / f"{name}.cnf").write_text(
        "[ca]\ndefault_ca=c\n[c]\npolicy=p\ndatabase=index\nrand_serial=yes\ndefault_md=sha256\nnew_certs_dir=.\n"
        "unique_subject=no\n[p]\ncommonName=supplied\n[x]\nsubjectKeyIdentifier=hash\n" + extensions
    )
    (FOLDER / "index").touch()
    _run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key.pem")
    _run("pkcs8", "-topk8", "-nocrypt", "-in", f"{name}.key.pem", "-outform", "DER", "-out", f"{name}.key.der")
    _run("req", "-new", "-key", f"{name}.key.pem", "-subj", f"/CN={subject}", "-out", f"{name}.csr")
    signer = issuer or name
    chosen = [] if issuer else ["-selfsign"]
    if issuer:
        chosen += ["-cert", f"{signer}.pem"]
    # one that was valid once, and one whose validity has room for clocks that differ a little
    when = ("20200101000000Z", "20210101000000Z") if expired else ("20200101000000Z", "20491231235959Z")
    _run(
        "ca", "-batch", "-notext", "-config", f"{name}.cnf", "-extensions", "x", "-keyfile", f"{signer}.key.pem",
        "-startdate", when[0], "-enddate", when[1], "-in", f"{name}.csr", "-out", f"{name}.pem", *chosen,
    )  # fmt: skip
    _run("x509", "-in", f"{name}.pem", "-outform", "DER", "-out", f"{name}.der")


def _run(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], cwd=FOLDER, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")
