"""A shim under the C library: every system call that changes a file can be counted, recorded, killed at or failed.

It is C, built with the system's compiler into a temporary folder and loaded before the C library (LD_PRELOAD), so
SQLite and Python go through it alike. Linux only; without a compiler `ShimUnavailable` says so.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

KILL_BEFORE, KILL_HALFWAY, KILL_AFTER, FAIL_EIO, FAIL_ENOSPC, SHORT = 1, 2, 3, 4, 5, 6
WRITE, SYNC, TRUNCATE, UNLINK, RENAME, SYNC_DIRECTORY, CREATE, MARK = range(1, 9)

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Set by whoever watches: is anything counted; at which call what happens; where the record goes. */
int watching = 0, calls = 0, act_at = 0, action = 0, acted = 0, failed_sync = 0, syncs_after = 0, trace_fd = -1;

typedef ssize_t (*pwrite_t)(int, const void *, size_t, off_t);
typedef ssize_t (*write_t)(int, const void *, size_t);
static pwrite_t real_pwrite;
static write_t real_write;

static void find(void) {
    if (!real_pwrite) real_pwrite = (pwrite_t) dlsym(RTLD_NEXT, "pwrite");
    if (!real_write) real_write = (write_t) dlsym(RTLD_NEXT, "write");
}

/* 1 for a file, 2 for a directory, 0 for anything else (pipes, the record itself). */
static int kind(int fd) {
    struct stat status;
    if (!watching || fd == trace_fd || fstat(fd, &status)) return 0;
    return S_ISREG(status.st_mode) ? 1 : S_ISDIR(status.st_mode) ? 2 : 0;
}

static void put(const void *bytes, size_t size) {
    find();
    while (size > 0) {
        ssize_t done = real_write(trace_fd, bytes, size);
        if (done <= 0) return;
        bytes = (const char *) bytes + done;
        size -= (size_t) done;
    }
}

static void note(int op, const char *path, const char *other, int64_t offset, const void *bytes, size_t size) {
    uint32_t head[4] = {(uint32_t) op, (uint32_t) strlen(path), (uint32_t) strlen(other), (uint32_t) size};
    if (trace_fd < 0) return;
    put(head, sizeof head);
    put(&offset, sizeof offset);
    put(path, head[1]);
    put(other, head[2]);
    put(bytes, size);
}

static void note_fd(int op, int fd, int64_t offset, const void *bytes, size_t size) {
    char link[64], path[4096];
    ssize_t length;
    if (trace_fd < 0) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    note(op, path, "", offset, bytes, size);
}

void mark(int64_t sequence) { note(8, "", "", sequence, "", 0); }

/* The action due at this call, or 0. */
static int due(void) {
    if (++calls != act_at) return 0;
    acted = 1;
    if (action == 1) kill(getpid(), SIGKILL);
    return action;
}

static ssize_t written(int fd, const void *bytes, size_t size, off_t offset, int at_place) {
    int now = due();
    size_t part = now == 2 || now == 6 ? size / 2 : size;
    ssize_t done;
    if (now == 4 || now == 5) { errno = now == 4 ? EIO : ENOSPC; return -1; }
    if (!at_place && trace_fd >= 0) offset = lseek(fd, 0, SEEK_CUR);
    done = at_place ? real_pwrite(fd, bytes, part, offset) : real_write(fd, bytes, part);
    if (done > 0) note_fd(1, fd, offset, bytes, (size_t) done);
    if (now == 2 || now == 3) kill(getpid(), SIGKILL);
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) {
    find();
    return kind(fd) == 1 ? written(fd, bytes, size, offset, 1) : real_pwrite(fd, bytes, size, offset);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t offset) { return pwrite(fd, bytes, size, offset); }
ssize_t write(int fd, const void *bytes, size_t size) {
    find();
    return kind(fd) == 1 ? written(fd, bytes, size, 0, 0) : real_write(fd, bytes, size);
}

static int synced(int fd, const char *name) {
    int (*real)(int) = (int (*)(int)) dlsym(RTLD_NEXT, name);
    int what = kind(fd), now, answer;
    if (!what) return real(fd);
    if (acted) syncs_after++;
    now = due();
    if (now == 4 && what == 1) failed_sync = 1;
    if (now == 4 || now == 5) { errno = now == 4 ? EIO : ENOSPC; return -1; }
    if (now == 2) kill(getpid(), SIGKILL);
    answer = real(fd);
    if (!answer) note_fd(what == 2 ? 6 : 2, fd, 0, "", 0);
    if (now == 3) kill(getpid(), SIGKILL);
    return answer;
}
int fsync(int fd) { return synced(fd, "fsync"); }
int fdatasync(int fd) { return synced(fd, "fdatasync"); }

static int shortened(int fd, off_t length) {
    static int (*real)(int, off_t);
    int now = 0, answer;
    if (!real) real = (int (*)(int, off_t)) dlsym(RTLD_NEXT, "ftruncate");
    if (kind(fd) == 1) now = due();
    if (now == 4 || now == 5) { errno = now == 4 ? EIO : ENOSPC; return -1; }
    if (now == 2) kill(getpid(), SIGKILL);
    answer = real(fd, length);
    if (!answer && kind(fd) == 1) note_fd(3, fd, length, "", 0);
    if (now == 3) kill(getpid(), SIGKILL);
    return answer;
}
int ftruncate(int fd, off_t length) { return shortened(fd, length); }
int ftruncate64(int fd, off_t length) { return shortened(fd, length); }

int unlink(const char *path) {
    int (*real)(const char *) = (int (*)(const char *)) dlsym(RTLD_NEXT, "unlink");
    int now = watching ? due() : 0, answer;
    if (now == 2) kill(getpid(), SIGKILL);
    if (now == 4 || now == 5) { errno = now == 4 ? EIO : ENOSPC; return -1; }
    answer = real(path);
    if (!answer && watching) note(4, path, "", 0, "", 0);
    if (now == 3) kill(getpid(), SIGKILL);
    return answer;
}

int rename(const char *from, const char *to) {
    int (*real)(const char *, const char *) = (int (*)(const char *, const char *)) dlsym(RTLD_NEXT, "rename");
    int now = watching ? due() : 0, answer;
    if (now == 2) kill(getpid(), SIGKILL);
    if (now == 4 || now == 5) { errno = now == 4 ? EIO : ENOSPC; return -1; }
    answer = real(from, to);
    if (!answer && watching) note(5, from, to, 0, "", 0);
    if (now == 3) kill(getpid(), SIGKILL);
    return answer;
}

static int opened(const char *path, int flags, mode_t mode) {
    static int (*real)(const char *, int, ...);
    int fresh, now = 0, answer;
    if (!real) real = (int (*)(const char *, int, ...)) dlsym(RTLD_NEXT, "open");
    fresh = watching && (flags & O_CREAT) && access(path, F_OK) != 0;
    if (fresh) now = due();
    if (now == 2) kill(getpid(), SIGKILL);
    if (now == 4 || now == 5) { errno = now == 4 ? EIO : ENOSPC; return -1; }
    answer = real(path, flags, mode);
    if (fresh && answer >= 0) note(7, path, "", 0, "", 0);
    if (now == 3) kill(getpid(), SIGKILL);
    return answer;
}
int open(const char *path, int flags, ...) {
    va_list rest; mode_t mode = 0;
    if (flags & O_CREAT) { va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }
    return opened(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    va_list rest; mode_t mode = 0;
    if (flags & O_CREAT) { va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }
    return opened(path, flags, mode);
}
"""

PLACE = "SOLVENT_CRASH_SHIM"


class ShimUnavailable(Exception):
    """Kills at system calls need Linux and a C compiler named `cc`."""


def build(folder: Path) -> Path:
    """The shim as a shared library in a folder. Raises ShimUnavailable."""
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        raise ShimUnavailable("kills at system calls need Linux and a C compiler named cc; install one and try again")
    source, library = folder / "shim.c", folder / "shim.so"
    source.write_text(SOURCE, encoding="ascii")
    built = subprocess.run(
        [compiler, "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"],
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        raise ShimUnavailable(f"the C compiler refused the shim: {built.stderr}")
    return library


def run_under(library: Path, task: list[str]) -> subprocess.Popen[str]:
    """A new Python with the shim below it, working on a task of `solvent.lab.crash.under_shim`."""
    environment = {**os.environ, "LD_PRELOAD": str(library), PLACE: str(library), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "solvent.lab.crash.under_shim", *task],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


class Shim:
    """The shim of this process, which must have been started by `run_under`."""

    def __init__(self) -> None:
        library = ctypes.CDLL(os.environ[PLACE])
        names = ("watching", "calls", "act_at", "action", "acted", "failed_sync", "syncs_after", "trace_fd")
        self._numbers = {name: ctypes.c_int.in_dll(library, name) for name in names}
        self._mark = library.mark
        self._mark.argtypes = [ctypes.c_int64]

    def watch(self, *, act_at: int = 0, action: int = 0, trace_fd: int = -1) -> None:
        """Count from here; at call `act_at` do `action`; record to a descriptor where one is given."""
        for name, value in (
            ("calls", 0),
            ("acted", 0),
            ("failed_sync", 0),
            ("syncs_after", 0),
            ("act_at", act_at),
            ("action", action),
            ("trace_fd", trace_fd),
            ("watching", 1),
        ):
            self._numbers[name].value = value

    def rest(self) -> None:
        """Count no more."""
        self._numbers["watching"].value = 0

    def read(self, name: str) -> int:
        """One of the numbers: calls, acted, failed_sync, syncs_after."""
        return int(self._numbers[name].value)

    def mark(self, sequence: int) -> None:
        """Write into the record that everything up to this sequence was acknowledged."""
        self._mark(sequence)
