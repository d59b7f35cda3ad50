"""Makes a certificate that signs itself, good for a name.

usage: certificate.py NAME FOLDER     (writes server.crt and server.key into it)
"""

import datetime
import pathlib
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
key = ec.generate_private_key(ec.SECP256R1())
holder = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
now = datetime.datetime.now(datetime.timezone.utc)
certificate = (
    x509.CertificateBuilder()
    .subject_name(holder)
    .issuer_name(holder)
    .public_key(key.public_key())
    .serial_number(x509.random_serial_number())
    .not_valid_before(now - datetime.timedelta(days=1))
    .not_valid_after(now + datetime.timedelta(days=30))
    .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    .sign(key, hashes.SHA256())
)
form = serialization.Encoding.PEM
(folder / "server.crt").write_bytes(certificate.public_bytes(form))
(folder / "server.key").write_bytes(
    key.private_bytes(
        form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
)
