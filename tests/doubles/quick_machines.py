"""Machines that answer at once: no guest runs, the instance powers itself off after a moment (or never).

For tests of what the host does around a machine (teardown, kills, faults). What a guest would have written comes from
the test, as one file for each device.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from moto.ec2.models.instances import Instance

from tests.doubles import moto_ec2

Writes = Callable[[Instance], Mapping[str, Path]]  # what the machine leaves on its disks: device name → image file


@dataclass
class QuickMachines:
    """Machines that power off `after` seconds from their start; None: they never do."""

    after: float | None = 1.0
    text: str = "hallmark: done\n"
    writes: Writes | None = None
    left: dict[str, Path] = field(default_factory=dict)  # volume id → what is on it
    _timers: dict[str, threading.Timer] = field(default_factory=dict)

    def start(self, instance: Instance) -> None:
        """Power on: the end is scheduled."""
        if self.after is None:
            return
        timer = threading.Timer(self.after, self._end, [instance])
        timer.daemon = True
        self._timers[instance.id] = timer
        timer.start()

    def _end(self, instance: Instance) -> None:
        try:
            for device, path in (self.writes(instance) if self.writes else {}).items():
                self.left[str(instance.block_device_mapping[device].volume_id)] = path
        except Exception:
            self.text = traceback.format_exc()  # a bug of the test's, for its console log: nobody waits for ever
        moto_ec2.power_off(instance)

    def stop(self, instance: Instance) -> None:
        """Stopped or terminated from outside, or by itself."""
        if timer := self._timers.pop(instance.id, None):
            timer.cancel()

    def console(self, instance: Instance) -> str:
        """What the console would show."""
        return self.text

    def contents(self, volume_id: str) -> Path | None:
        """What a snapshot of the volume is to hold."""
        return self.left.get(volume_id)
