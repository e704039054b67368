"""A listener of a test broker that speaks TLS and asks for a password."""
import subprocess

USER = "annals"
PASSWORD = "correct horse"


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def make_certificates(folder):
    """In `folder`: authority.pem, whom a client must trust, and broker.pem, which it has signed."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(folder, "req", "-x509", *key, "-days", "2", "-subj", "/CN=annals tests", "-keyout",
            "authority.key", "-out", "authority.pem")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl(folder, "req", *key, "-subj", "/CN=broker", "-keyout", "broker.key", "-out", "broker.csr")
    openssl(folder, "x509", "-req", "-in", "broker.csr", "-CA", "authority.pem", "-CAkey",
            "authority.key", "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "broker.crt")
    (folder / "broker.pem").write_text((folder / "broker.key").read_text()
                                       + (folder / "broker.crt").read_text())


def properties(folder, listener):
    """A broker's, for its listener of that name."""
    listener = listener.lower()
    modules = "org.apache.kafka.common.security"
    return {
        "sasl.enabled.mechanisms": "SCRAM-SHA-256,PLAIN",
        f"listener.name.{listener}.scram-sha-256.sasl.jaas.config":
            f"{modules}.scram.ScramLoginModule required;",
        f"listener.name.{listener}.plain.sasl.jaas.config":
            f'{modules}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";',
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": folder / "broker.pem",
    }


def format_words():
    """What a broker's storage is formatted with, so that it knows the user."""
    return ["--add-scram", f"SCRAM-SHA-256=[name={USER},password={PASSWORD}]"]
