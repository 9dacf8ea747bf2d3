/* Makes the n-th system call of a process that writes fail, as a full or broken disk would.

   Preloaded (LD_PRELOAD). FAULT_N: which call, counted from 1 over all below; 0 only counts.
   FAULT_ERRNO: what it fails with; -1: a write takes half of what it is given, others succeed.
   FAULT_KINDS: letters of the calls that count, none without it: o(pen to write), w(rite), s(ync),
   r(ename), u(nlink), m(kdir), t(runcate), c(hmod). FAULT_UNDER: only files under this folder.
   FAULT_LOG: a file that gets the number of calls, one line per process. FAULT_AFTER=1: every call
   from the n-th on fails, as on a disk that stays full. FAULT_KILL=1: SIGKILL instead of an error. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static long calls;

static long number(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

static int under(const char *path) {
    const char *folder = getenv("FAULT_UNDER");
    return !folder || !strncmp(path, folder, strlen(folder));
}

static int under_fd(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return under(path);
}

static int under_name(int folder, const char *name) {
    char path[4096];
    if (name[0] == '/') return under(name);
    if (folder != AT_FDCWD) return under_fd(folder);
    return getcwd(path, sizeof path) && under(path);
}

/* Whether this call is to fail; errno is then set. */
static int fault(char kind) {
    const char *kinds = getenv("FAULT_KINDS");
    long n = number("FAULT_N");
    if (!kinds || !strchr(kinds, kind)) return 0;
    calls++;
    if (!n || calls < n || (calls > n && !number("FAULT_AFTER"))) return 0;
    if (number("FAULT_KILL")) kill(getpid(), SIGKILL);
    errno = (int)number("FAULT_ERRNO");
    return 1;
}

__attribute__((destructor)) static void tell(void) {
    const char *log = getenv("FAULT_LOG");
    FILE *file = log ? fopen(log, "a") : NULL;
    if (file) { fprintf(file, "%ld\n", calls); fclose(file); }
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name)

static int opens(int flags) { return (flags & O_ACCMODE) != O_RDONLY; }

#define MODE va_list list; va_start(list, flags); mode_t mode = va_arg(list, mode_t); va_end(list)

int open(const char *path, int flags, ...) {
    MODE; REAL(open);
    if (opens(flags) && under_name(AT_FDCWD, path) && fault('o') && errno != -1) return -1;
    return real(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE; REAL(open64);
    if (opens(flags) && under_name(AT_FDCWD, path) && fault('o') && errno != -1) return -1;
    return real(path, flags, mode);
}
int openat(int folder, const char *path, int flags, ...) {
    MODE; REAL(openat);
    if (opens(flags) && under_name(folder, path) && fault('o') && errno != -1) return -1;
    return real(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) {
    MODE; REAL(openat64);
    if (opens(flags) && under_name(folder, path) && fault('o') && errno != -1) return -1;
    return real(folder, path, flags, mode);
}
ssize_t write(int fd, const void *from, size_t size) {
    REAL(write);
    if (under_fd(fd) && fault('w')) {
        if (errno != -1) return -1;
        size = size > 1 ? size / 2 : size;
    }
    return real(fd, from, size);
}
ssize_t pwrite(int fd, const void *from, size_t size, off_t at) {
    REAL(pwrite);
    if (under_fd(fd) && fault('w') && errno != -1) return -1;
    return real(fd, from, size, at);
}
ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) {
    REAL(pwrite64);
    if (under_fd(fd) && fault('w') && errno != -1) return -1;
    return real(fd, from, size, at);
}
#define CALL(name, kind, arguments, place, values) \
    int name arguments { \
        REAL(name); \
        if (place && fault(kind) && errno != -1) return -1; \
        return real values; \
    }
CALL(fsync, 's', (int fd), under_fd(fd), (fd))
CALL(fdatasync, 's', (int fd), under_fd(fd), (fd))
CALL(rename, 'r', (const char *a, const char *b), under_name(AT_FDCWD, b), (a, b))
CALL(renameat, 'r', (int d, const char *a, int e, const char *b), under_name(e, b), (d, a, e, b))
CALL(unlink, 'u', (const char *a), under_name(AT_FDCWD, a), (a))
CALL(unlinkat, 'u', (int d, const char *a, int flags), under_name(d, a), (d, a, flags))
CALL(mkdir, 'm', (const char *a, mode_t mode), under_name(AT_FDCWD, a), (a, mode))
CALL(ftruncate, 't', (int fd, off_t size), under_fd(fd), (fd, size))
CALL(ftruncate64, 't', (int fd, off64_t size), under_fd(fd), (fd, size))
CALL(chmod, 'c', (const char *a, mode_t mode), under_name(AT_FDCWD, a), (a, mode))
CALL(fchmod, 'c', (int fd, mode_t mode), under_fd(fd), (fd, mode))
CALL(fchmodat, 'c', (int d, const char *a, mode_t mode, int flags), under_name(d, a), (d, a, mode, flags))
