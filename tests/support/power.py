"""A loss of power, as the worst file system that POSIX allows would have it: only what was synced is there after it."""

import os
import shutil


class PowerLoss(BaseException):
    """The lights are out."""


class Disk:
    """Watches `os.fsync` and remembers what each call made safe: a file's bytes, or the names in a folder.

    Attributes:
        calls: of `os.fsync` so far.
    """

    def __init__(self, root, monkeypatch):
        """Take what is below `root` as safe now."""
        self.root, self.calls, self._names, self._bytes, self._fail = str(root), 0, {}, {}, None
        for folder, _, files in os.walk(self.root):
            self._keep_names(folder)
            for name in files:
                self._keep_bytes(os.path.join(folder, name))
        self._sync = os.fsync
        monkeypatch.setattr(os, "fsync", self._fsync)

    def fail_at(self, call):
        """Let the power go when this call, counted from 0, is made; what it was to make safe is not."""
        self._fail = call

    def _keep_names(self, folder):
        self._names[os.stat(folder).st_ino] = {entry.name: entry.inode() for entry in os.scandir(folder)}

    def _keep_bytes(self, path):
        with open(path, "rb") as file:
            self._bytes[os.stat(path).st_ino] = file.read()

    def _fsync(self, number):
        if self.calls == self._fail:
            raise PowerLoss
        self.calls += 1
        self._sync(number)
        path = os.readlink(f"/proc/self/fd/{number}")
        (self._keep_names if os.path.isdir(path) else self._keep_bytes)(path)

    def after(self, place, names_survive=False):
        """Write what is left below `root` to another folder.

        Args:
            place: the folder.
            names_survive: whether names were safe by luck though nobody synced their folder; bytes never are.
        """
        shutil.rmtree(place, ignore_errors=True)
        self._copy(self.root, os.stat(self.root).st_ino, str(place), names_survive)

    def _copy(self, folder, inode, place, lucky):
        os.makedirs(place)
        now = {entry.name: entry.inode() for entry in os.scandir(folder)} if lucky else {}
        for name, below in (self._names.get(inode, {}) | now).items():
            to = os.path.join(place, name)
            if below in self._bytes:
                with open(to, "wb") as file:
                    file.write(self._bytes[below])
            elif below in self._names:
                self._copy(os.path.join(folder, name), below, to, lucky)
            elif os.path.isdir(os.path.join(folder, name)):
                os.makedirs(to)
            else:
                open(to, "wb").close()
