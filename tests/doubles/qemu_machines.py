"""QEMU as the machines: an instance of moto boots its AMI's blocks, and its power-off is the instance's.

    with QemuMachines(work=folder) as machines, running(Rules(machines=machines)) as server: ...

Each of the instance's volumes becomes a raw disk out of its snapshot and is an NVMe disk of the guest, the root first,
with the volume's id as its serial number as on EC2. There is one network interface, on QEMU's user network, restricted
to DHCP and to the metadata service (imds.py); the SMBIOS strings are EC2's, so cloud-init takes its EC2 data source.
The serial console is the instance's console output. What a guest writes is in its volumes' snapshots.

Where it falls short of EC2: UEFI images alone; a virtio network interface (no ENA) in 169.254.169.0/24, without a
gateway, whatever the subnet in moto says; no security groups, ACLs, resolver or time service (QEMU drops all of it);
StopInstances pulls the plug instead of asking the guest; the console comes at once, all of it is kept while QEMU runs;
encryption is not modelled; a snapshot lists no block that was overwritten with zeros; QEMU that fails, or runs past the
`deadline` of this host, is a host of AWS's that failed: the instance stops with a `Server.` reason.
"""

from __future__ import annotations

import secrets
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Instance

from hallmark.aws.ebs.blocks import volume_gib
from hallmark.common.containment import writing
from hallmark.common.process import ENVIRONMENT, command, kill_group
from hallmark.common.process import run as run_program
from hallmark.local.accelerator import TCG, Accelerator
from hallmark.local.machine import OVMF_CODE, copy_firmware_variables
from tests.doubles import imds, moto_ebs, moto_ec2

NETWORK = "169.254.169.0/24"
_ADDRESS = "169.254.169.15"  # what QEMU's DHCP gives its one guest
_UEFI = ("uefi", "uefi-preferred")


def mac_of(instance_id: str) -> str:
    """The address of an instance's network interface."""
    digits = instance_id[-10:]
    return ":".join(("06", *(digits[start : start + 2] for start in range(0, 10, 2))))


def uuid_of(instance_id: str) -> str:
    """A system UUID as EC2's machines have it: it begins with ec2."""
    digits = f"ec2{instance_id.removeprefix('i-'):0>17}".ljust(32, "0")
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def register_disk(ec2: Any, disk: Path, *, name: str, account: str, region: str) -> str:
    """An AMI of the account that boots `disk` (a qcow2) by UEFI, with a root snapshot that has its blocks."""
    with tempfile.TemporaryDirectory(dir=disk.parent) as scratch:
        raw = Path(scratch) / "disk.raw"
        run_program(
            ["qemu-img", "convert", "-f", "qcow2", "-O", "raw", disk, raw], timeout=600, reach=writing(Path(scratch))
        )
        gib = volume_gib(raw.stat().st_size)
        volume = ec2.create_volume(Size=gib, AvailabilityZone=f"{region}a")["VolumeId"]
        snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot], WaiterConfig={"Delay": 1})
        ec2.delete_volume(VolumeId=volume)
        moto_ebs.put_volume(snapshot, raw, account=account, region=region)
    root = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot, "VolumeType": "gp3", "VolumeSize": gib}}
    made: str = ec2.register_image(
        Name=name,
        Architecture="x86_64",
        BootMode="uefi",
        RootDeviceName="/dev/xvda",
        VirtualizationType="hvm",
        EnaSupport=True,
        ImdsSupport="v2.0",
        BlockDeviceMappings=[root],
    )["ImageId"]
    return made


@dataclass(frozen=True, kw_only=True, slots=True)
class Hardware:
    """What every machine has, whatever its instance type says."""

    memory_mib: int = 1024
    cpus: int = 1
    accelerator: Accelerator = TCG


def qemu_args(
    instance: Instance, hardware: Hardware, disks: Mapping[str, Path], *, variables: Path, facts: Path
) -> list[str]:
    """QEMU's arguments; `disks` are volume id → raw file, the root first."""
    identity = uuid_of(instance.id)
    # fmt: off
    return [
        "qemu-system-x86_64", "-no-user-config", "-nodefaults", "-display", "none", "-vga", "none",
        "-machine", "q35,smm=off,vmport=off,graphics=off", *hardware.accelerator.arguments,
        "-m", str(hardware.memory_mib), "-smp", str(hardware.cpus),
        "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF_CODE}",
        "-drive", f"if=pflash,format=raw,unit=1,file={_escape(variables)}",
        "-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng",
        *(word for number, disk in enumerate(disks.items()) for word in _nvme(number, *disk)),
        "-netdev", f"user,id=net,ipv6=off,restrict=on,net={NETWORK},dhcpstart={_ADDRESS},guestfwd={_forward(facts)}",
        "-device", f"virtio-net-pci,netdev=net,mac={mac_of(instance.id)},romfile=",
        "-smbios", "type=0,vendor=Amazon EC2,version=1.0",
        "-smbios", f"type=1,manufacturer=Amazon EC2,product={instance.instance_type},uuid={identity},serial={identity}",
        "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
    ]
    # fmt: on


def _nvme(number: int, volume_id: str, disk: Path) -> list[str]:
    # A volume of EBS knows no discard.
    file = f"file.driver=file,file.filename={_escape(disk)}"
    return [
        "-blockdev",
        f"driver=raw,node-name=disk{number},discard=ignore,cache.direct=off,cache.no-flush=on,{file}",
        "-device",
        f"nvme,drive=disk{number},serial={volume_id.replace('-', '')},bootindex={number}",
    ]


def _forward(facts: Path) -> str:
    """The one address that the guest reaches, and the program that answers there."""
    program = shlex.join([sys.executable, "-I", "-S", str(Path(imds.__file__)), str(facts)])
    return f"tcp:169.254.169.254:80-cmd:{_escape(program)}"


def _escape(value: Path | str) -> str:
    return str(value).replace(",", ",,")


@dataclass(kw_only=True)
class QemuMachines:
    """The machines of one account. `work` gets disks and logs while it is open; `deadline` is seconds for a machine."""

    work: Path
    hardware: Hardware = field(default_factory=Hardware)
    deadline: float = 3600.0
    _machines: dict[str, _Machine] = field(default_factory=dict)  # by instance
    _disks: dict[str, Path] = field(default_factory=dict)  # by volume
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(dir=self.work, prefix="machines-")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for machine in list(self._machines.values()):
            machine.end()
            machine.join()
        if self._folder:
            self._folder.cleanup()

    def start(self, instance: Instance) -> None:
        """Power on, in the background."""
        assert self._folder, "QemuMachines: to be used with `with`"
        mode = instance.ec2_backend.amis[instance.image_id].boot_mode
        if mode not in _UEFI:
            raise EC2ClientError("Unsupported", f"QemuMachines boots {' or '.join(_UEFI)}, the AMI has {mode}")
        with self._lock:
            self._forget_volumes(instance.ec2_backend)
            folder = Path(tempfile.mkdtemp(dir=self._folder.name, prefix=f"{instance.id}-"))
            machine = _Machine(instance, self, folder)
            self._machines[instance.id] = machine
        machine.start()

    def stop(self, instance: Instance) -> None:
        """Stopped or terminated from outside (the plug is pulled), or by itself."""
        if machine := self._machines.get(instance.id):
            machine.end()

    def console(self, instance: Instance) -> str:
        """All that came out of the serial port."""
        machine = self._machines.get(instance.id)
        return machine.said() if machine else ""

    def contents(self, volume_id: str) -> Path | None:
        """The raw disk that a volume is, once its machine has started."""
        return self._disks.get(volume_id)

    def running(self) -> list[str]:
        """The instances whose machine has not ended."""
        return [name for name, machine in self._machines.items() if machine.is_alive()]

    def disks_of(self, instance: Instance) -> dict[str, Path]:
        """The instance's volumes as disks, the root first; those it has not had yet are made from their snapshots."""
        mapping = instance.block_device_mapping
        devices = sorted(mapping, key=lambda device: (device != instance.root_device_name, device))
        return {volume: self._disk(instance.ec2_backend, volume) for volume in (_volume(mapping[d]) for d in devices)}

    def _disk(self, backend: Any, volume_id: str) -> Path:
        assert self._folder
        if volume_id not in self._disks:
            volume = backend.volumes[volume_id]
            disk = Path(self._folder.name) / f"{volume_id}.raw"
            moto_ebs.write_disk(
                volume.snapshot_id, disk, gib=volume.size, account=backend.account_id, region=backend.region_name
            )
            self._disks[volume_id] = disk
        return self._disks[volume_id]

    def _forget_volumes(self, backend: Any) -> None:
        """Drop the disks of volumes that were deleted."""
        for volume_id in self._disks.keys() - backend.volumes.keys():
            self._disks.pop(volume_id).unlink(missing_ok=True)


def _volume(attached: Any) -> str:
    return str(attached.volume_id)


class _Machine(threading.Thread):
    """One QEMU, from power-on to its end. QEMU dies with the thread that starts it, so this one waits for it."""

    def __init__(self, instance: Instance, machines: QemuMachines, folder: Path) -> None:
        super().__init__(name=f"machine {instance.id}", daemon=True)
        self._instance, self._machines, self._folder = instance, machines, folder
        self._log = folder / "console.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = False
        self._lock = threading.Lock()

    def run(self) -> None:
        """Boot; tell moto how it ended, unless moto ended it."""
        guard = threading.Timer(self._machines.deadline, self._kill)
        guard.daemon = True
        try:
            process = self._boot()
            guard.start()
            code = process.wait() if process else None
        except Exception as problem:  # whatever it is, the instance must not run for ever
            self._tell(f"QemuMachines: {problem}\n")
            code = 1
        finally:
            guard.cancel()
        if self._ended:
            return
        if code == 0:
            moto_ec2.power_off(self._instance)
        else:
            self._tell(f"QemuMachines: QEMU ended with {code}, or at the deadline: {self._complaint()}\n")
            moto_ec2.host_failed(self._instance)

    def _boot(self) -> subprocess.Popen[bytes] | None:
        facts = self._folder / "metadata.json"
        imds.write_facts(
            facts,
            self._instance,
            mac=mac_of(self._instance.id),
            address=_ADDRESS,
            network=NETWORK,
            secret=secrets.token_hex(16),
        )
        disks = self._machines.disks_of(self._instance)
        variables = copy_firmware_variables(self._folder)
        words = qemu_args(self._instance, self._machines.hardware, disks, variables=variables, facts=facts)
        with self._lock, self._log.open("ab") as console, (self._folder / "qemu.log").open("ab") as errors:
            if not self._ended:
                self._process = subprocess.Popen(
                    command(
                        words,
                        reach=writing(self._folder, *{disk.parent for disk in disks.values()}),
                        package="qemu-system-x86",
                    ),
                    env=dict(ENVIRONMENT),
                    stdin=subprocess.DEVNULL,
                    stdout=console,
                    stderr=errors,
                    start_new_session=True,
                )
        return self._process

    def end(self) -> None:
        """Pull the plug, when it is still in; once this returns nothing is written any more."""
        with self._lock:
            self._ended = True
        self._kill()

    def _kill(self) -> None:
        if self._process and self._process.poll() is None:
            kill_group(self._process)

    def said(self) -> str:
        """What came out of the serial port so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _tell(self, text: str) -> None:
        with self._log.open("a") as console:
            console.write(text)

    def _complaint(self) -> str:
        with suppress(OSError):
            return (self._folder / "qemu.log").read_text(errors="replace").strip()
        return ""
