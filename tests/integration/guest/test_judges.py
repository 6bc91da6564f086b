"""The real judges, run by image_scripts/judges.sh on a real Debian 13: a weakened one is rejected by each of them.

The root is under a throw-away overlay, in namespaces of its own, with an sshd that only its own loopback reaches.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from hallmark.common.cache import user_cache
from hallmark.common.fingerprint import hash_file
from hallmark.config.recipe import Judge, JudgeException
from hallmark.debian.apt import TRIXIE, PrivateRoot
from hallmark.debian.lock import write_lock
from hallmark.debian.mirror import find_mirror
from hallmark.debian.pool import pool_of
from hallmark.judges.tools import LOCK, Tools, fetch_tools, renew_lock
from hallmark.order.order import judges_files
from hallmark.verdict.scores import Score, problems_of, score_all
from tests.integration.guest.plans import SCRIPTS
from tests.integration.guest.scratch import as_root

pytestmark = pytest.mark.xdist_group("judges")  # each process would make the root anew
LYNIS = Judge(name="lynis", least_score=0)
SSH_AUDIT = Judge(name="ssh-audit", least_score=100)
CIS = Judge(name="openscap", profile="cis_level2_server", least_score=0)
# A server that asks for nothing but the newest, so that nobody has a remark.
SOUND = r"""
cat >/etc/ssh/sshd_config <<'END'
HostKey /etc/ssh/ssh_host_ed25519_key
HostKeyAlgorithms ssh-ed25519
KexAlgorithms mlkem768x25519-sha256
Ciphers aes256-gcm@openssh.com
MACs hmac-sha2-512-etm@openssh.com
PermitRootLogin no
X11Forwarding no
AllowTcpForwarding no
AllowAgentForwarding no
MaxAuthTries 3
MaxSessions 2
TCPKeepAlive no
ClientAliveCountMax 2
LogLevel VERBOSE
END
printf '%s\n' '-w /etc/passwd -p wa -k identity' '-w /etc/group -p wa -k identity' >/etc/audit/rules.d/50-identity.rules
"""
WEAK = r"""
cat >/etc/ssh/sshd_config <<'END'
MACs hmac-sha1,hmac-sha2-512-etm@openssh.com
PermitRootLogin yes
X11Forwarding yes
PermitEmptyPasswords yes
LogLevel QUIET
END
chmod 666 /etc/passwd /etc/group
sed -i 's/^UMASK.*/UMASK 000/; s/^ENCRYPT_METHOD.*/ENCRYPT_METHOD MD5/' /etc/login.defs
printf '%s\n' '-w /etc/passwd -p wa -k identity' >/etc/audit/rules.d/50-identity.rules
mount -o remount,nodev,nosuid,exec /tmp
"""
MACHINE = r"""
set -eu
trap 'chown -R --reference="$2" "$2"' EXIT
mount -t tmpfs -o mode=0755 scratch /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o "lowerdir=$1,upperdir=/mnt/upper,workdir=/mnt/work" overlay /mnt/root
cd /mnt/root
mount -t proc proc proc
mount -t tmpfs -o mode=0755 tmpfs run
mount -t tmpfs -o mode=1777,nodev,nosuid,noexec tmpfs tmp
mount -t tmpfs -o mode=0755 tmpfs dev
for node in null zero urandom; do : >"dev/$node"; mount --bind "/dev/$node" "dev/$node"; done
ln -s /proc/self/fd dev/fd
mkdir -p run/sshd run/hallmark/media run/results
mount --bind "$2/media" run/hallmark/media
mount -o remount,bind,ro,noexec run/hallmark/media
mount --bind "$2/results" run/results
ip link set lo up
chroot . ssh-keygen -A >/dev/null
chroot . /bin/sh "/run/hallmark/media/state.sh"
chroot . /usr/sbin/sshd
# Logs go on; Lynis asks apt, which takes its locks and makes its cache.
written() { find /mnt/upper -type f | grep -v -e /var/log/ -e /var/cache/apt/ -e '/lock[^/]*$' | sort; }
written >/mnt/before
export HALLMARK_SCRIPTS=/run/hallmark/media/image_scripts HALLMARK_MEDIA=/run/hallmark/media HALLMARK_CONSOLE=/dev/null
chroot . /bin/sh /run/hallmark/media/image_scripts/judges.sh /run/results/judges
written >/mnt/after
diff /mnt/before /mnt/after >&2
"""


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Tools:
    """The tools of all three, of the mirror's newest guide: what the lock pins may have left the mirror long ago."""
    cache, checkout = user_cache(), tmp_path_factory.mktemp("checkout")
    mirror = find_mirror(None, None)

    def root(*suites: str, past: bool = False) -> PrivateRoot:
        return PrivateRoot(cache, mirror, suites or TRIXIE, past=past)

    root().update()
    write_lock(renew_lock(partial(root, past=True), pool_of(cache), print), checkout / LOCK)
    made = fetch_tools((LYNIS, SSH_AUDIT, CIS), root, cache, pool_of(cache), checkout, print)
    assert made is not None
    return made


def judge(root: Path, work: Path, state: str, tools: Tools, *judges: Judge) -> Path:
    """The results of these judges on a root in some state."""
    media, results = work / "media", work / "results"
    for folder in (media / "judges", media / "image_scripts", results):
        folder.mkdir(parents=True)
    for name in ("judges.sh", "lib.sh"):
        (media / "image_scripts" / name).write_text((SCRIPTS / name).read_text())
    for name, source in judges_files(judges, tools).items():
        (media / name).write_bytes(source) if isinstance(source, bytes) else (media / name).hardlink_to(source)
    (media / "MANIFEST").write_text(f"{hash_file(media / 'judges/tools.tar')}  judges/tools.tar\n")
    (media / "state.sh").write_text(state)
    namespaces = ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child", "--"]
    done = subprocess.run(
        as_root([*namespaces, "/bin/sh", "-c", MACHINE, "machine", root, work]),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return results


@pytest.fixture(scope="module")
def both(pristine_root: Path, tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The results of all judges on a sound and on a weakened root."""
    work = tmp_path_factory.mktemp("judges")
    judges = (LYNIS, SSH_AUDIT, CIS)
    return {
        name: judge(pristine_root, work / name, state, tools, *judges)
        for name, state in (("sound", SOUND), ("weak", WEAK))
    }


def scored(results: Path, tools: Tools, judge: Judge) -> Score:
    score = score_all((judge,), tools, results)[0]
    assert score.score is not None, score.problem
    return score


def test_ssh_audit_has_no_remark_on_a_sound_server_and_rejects_a_weakened_one(
    both: Mapping[str, Path], tools: Tools
) -> None:
    assert problems_of([scored(both["sound"], tools, SSH_AUDIT)]) == []
    weak = scored(both["weak"], tools, SSH_AUDIT)
    assert "mac:hmac-sha1" in weak.failed
    assert problems_of([weak]) != []


def test_lynis_rejects_a_weakened_root_by_the_index_of_the_sound_one(both: Mapping[str, Path], tools: Tools) -> None:
    sound = scored(both["sound"], tools, LYNIS)
    assert sound.score is not None
    least = LYNIS.model_copy(update={"least_score": int(sound.score)})
    assert problems_of([scored(both["sound"], tools, least)]) == []
    # What an excepted test missed is not missed any more.
    exceptions = tuple(JudgeException(rule=rule, reason="it fails", expires=date.max) for rule in sound.failed)
    assert scored(both["sound"], tools, LYNIS.model_copy(update={"exceptions": exceptions})).counted == 100
    weak = scored(both["weak"], tools, least)
    assert "expected a score of at least" in problems_of([weak])[0]


def test_openscap_rejects_a_weakened_root_naming_its_rules(both: Mapping[str, Path], tools: Tools) -> None:
    failed = scored(both["sound"], tools, CIS).failed
    exceptions = tuple(JudgeException(rule=rule, reason="fails in the sound one", expires=date.max) for rule in failed)
    strict = CIS.model_copy(update={"least_score": 100, "exceptions": exceptions})
    assert problems_of([scored(both["sound"], tools, strict)]) == []
    weak = problems_of([scored(both["weak"], tools, strict)])[0].splitlines()
    for rule in (
        "file_permissions_etc_passwd",
        "audit_rules_usergroup_modification_group",
        "mount_option_tmp_noexec",
    ):
        assert f"  {rule}" in weak
    assert "  audit_rules_usergroup_modification_passwd" not in weak
