/* Loaded before libc by tests: some calls on one file fail some times, as on a faulty disk.
 *
 * FAULT_FILE   part of the file's path
 * FAULT_CALL   open, read, write or fsync
 * FAULT_ERRNO  what they fail with
 * FAULT_AFTER  so many of these calls succeed first
 * FAULT_TIMES  and so many fail then
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fails(const char *call, const char *path) {
    static int seen = 0;
    const char *wanted = getenv("FAULT_CALL"), *file = getenv("FAULT_FILE");
    if (!wanted || !file || strcmp(wanted, call) || !strstr(path, file)) return 0;
    int after = atoi(getenv("FAULT_AFTER")), times = atoi(getenv("FAULT_TIMES"));
    int number = __sync_fetch_and_add(&seen, 1);
    if (number < after || number >= after + times) return 0;
    errno = atoi(getenv("FAULT_ERRNO"));
    return 1;
}

static int fails_on(const char *call, int descriptor) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return fails(call, path);
}

#define OPEN(name)                                                                  \
    int name(const char *path, int flags, ...) {                                    \
        va_list more;                                                               \
        va_start(more, flags);                                                      \
        int mode = va_arg(more, int);                                               \
        va_end(more);                                                               \
        int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, #name);              \
        return fails("open", path) ? -1 : real(path, flags, mode);                  \
    }
OPEN(open)
OPEN(open64)

ssize_t read(int descriptor, void *bytes, size_t size) {
    ssize_t (*real)(int, void *, size_t) = dlsym(RTLD_NEXT, "read");
    return fails_on("read", descriptor) ? -1 : real(descriptor, bytes, size);
}

ssize_t write(int descriptor, const void *bytes, size_t size) {
    ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    return fails_on("write", descriptor) ? -1 : real(descriptor, bytes, size);
}

int fsync(int descriptor) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    return fails_on("fsync", descriptor) ? -1 : real(descriptor);
}
