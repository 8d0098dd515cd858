"""A real IMAP server for one test: Debian's dovecot, as a process of its own with a folder and a port of its own."""

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from imapclient import IMAPClient

from tests.mail_servers import HOST, self_signed
from tests.ports import free_port

USER, PASSWORD = "complaints@example.com", "right horse"
PROGRAM = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
NO_DOVECOT = "needs an IMAP server: apt-get install dovecot-imapd"

_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = {host}
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=plain {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home
}}
mail_location = maildir:{folder}/mail
{more}
"""


@dataclass
class Imap:
    """A running server, and the mailbox on it."""

    port: int
    tls_port: int
    certificate: Path

    @property
    def url(self) -> str:
        """The mailbox, as it is set."""
        return f"imap://{USER.replace('@', '%40')}:{PASSWORD.replace(' ', '%20')}@{HOST}:{self.port}/INBOX"

    @contextmanager
    def client(self) -> Iterator[IMAPClient]:
        """A mail program of somebody else, logged in."""
        with IMAPClient(HOST, self.port, ssl=False, timeout=60) as client:
            client.login(USER, PASSWORD)
            yield client

    def deliver(self, *mails: bytes, folder: str = "INBOX") -> None:
        """Put mails into a folder."""
        with self.client() as client:
            for mail in mails:
                client.append(folder, mail)

    def folders(self) -> Mapping[str, int]:
        """Return how many messages lie in each folder, by its name; none that is empty."""
        with self.client() as client:
            listed = client.list_folders()
            names = [name for flags, _, name in listed if not {b"\\Noselect", b"\\NonExistent"} & set(flags)]
            counts = {name: client.folder_status(name, ["MESSAGES"])[b"MESSAGES"] for name in names}
        return {name.replace(".", "/"): count for name, count in counts.items() if count}


@contextmanager
def imap_server(more: str = "") -> Iterator[Imap]:
    """Run dovecot until the block ends.

    Args:
        more: Lines for its configuration, such as ``imap_capability = IMAP4rev1``.
    """
    if PROGRAM is None:
        pytest.skip(NO_DOVECOT)
    with tempfile.TemporaryDirectory(prefix="redress-dovecot-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server = Imap(free_port(), free_port(), folder / "certificate.pem")
        _configure(folder, server, more)
        process = subprocess.Popen([PROGRAM, "-F", "-c", folder / "dovecot.conf"], stderr=subprocess.DEVNULL)
        try:
            _wait(server.port, process, folder / "log")
            yield server
        finally:
            process.terminate()
            process.wait(60)


def _configure(folder: Path, server: Imap, more: str) -> None:
    # Dovecot never opens mail as root; as anybody else it can only be who runs the test.
    owner = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    group = grp.getgrgid(owner.pw_gid).gr_name
    self_signed(folder)
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    values = {"user": owner.pw_name, "group": group, "port": server.port, "tls_port": server.tls_port}
    (folder / "dovecot.conf").write_text(_CONFIG.format(folder=folder, host=HOST, more=more, **values))
    (folder / "home").mkdir()
    (folder / "mail").mkdir()
    if os.getuid() == 0:
        for one in (folder, *folder.iterdir()):
            shutil.chown(one, owner.pw_name, group)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with socket.create_connection((HOST, port), 5) as connection:
                if connection.recv(4) == b"* OK":
                    return
        except OSError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"dovecot did not start: {log.read_text() if log.exists() else 'no log'}")
