// A disk whose one file is slow: preloaded into a process, it answers for the
// pages of that file.
//
// A page is absent, on its way (posix_fadvise has asked for it), or here (a
// read has waited for it). What needs a page that is not here waits: until
// there is no file at SLOW_READS_GATE, and then a little. Each such call is a
// line in SLOW_READS_LOG: the kind of its thread and the name of the call. So is
// what is asked for in advance: `ahead:OFFSET+LENGTH`.
// A file at SLOW_READS_EVICT makes all pages absent, and goes.
// SLOW_READS_FILE is the file, of at most 64 MiB.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096
#define PAGES 16384
#define SYS_CACHESTAT 451
#define NOWAIT 0x8
#define WILLNEED 3
#define WAIT_MICROSECONDS 2000
#define PATIENCE_MICROSECONDS 30000000

enum { ABSENT, ON_ITS_WAY, HERE };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char pages[PAGES];

#define REAL(type, name, ...)                                                  \
  static type (*real)(__VA_ARGS__);                                            \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static void evict(void) {
  const char *order = getenv("SLOW_READS_EVICT");
  if (!order || access(order, F_OK) != 0) return;
  pthread_mutex_lock(&lock);
  memset(pages, ABSENT, sizeof pages);
  pthread_mutex_unlock(&lock);
  unlink(order);
}

static off_t size_if_slow(int fd) {
  evict();
  static struct stat slow;
  struct stat stat;
  const char *file = getenv("SLOW_READS_FILE");
  if (!slow.st_ino && (!file || lstat(file, &slow) != 0)) return -1;
  if (fstat(fd, &stat) != 0 || stat.st_ino != slow.st_ino) return -1;
  return stat.st_dev == slow.st_dev ? stat.st_size : -1;
}

static void note(const char *call) {
  char name[17] = "", line[128];
  prctl(PR_GET_NAME, name);
  if (gettid() == getpid()) strcpy(name, "main");
  int length = snprintf(line, sizeof line, "%s %s\n", name, call);
  int log = open(getenv("SLOW_READS_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (log < 0 || write(log, line, length) != length) abort();
  close(log);
}

// Pages of the range that are at least in that state, from the first on, or
// all of them.
static size_t count(off_t offset, size_t length, off_t size, int state, int is_prefix) {
  size_t found = 0;
  off_t end = offset + (off_t)length < size ? offset + (off_t)length : size;
  pthread_mutex_lock(&lock);
  for (off_t page = offset / PAGE; page * PAGE < end; page++) {
    if (pages[page] >= state) found++;
    else if (is_prefix) break;
  }
  pthread_mutex_unlock(&lock);
  return found;
}

static void raise_to(off_t offset, size_t length, off_t size, int state) {
  off_t end = offset + (off_t)length < size ? offset + (off_t)length : size;
  pthread_mutex_lock(&lock);
  for (off_t page = offset / PAGE; page * PAGE < end; page++)
    if (pages[page] < state) pages[page] = state;
  pthread_mutex_unlock(&lock);
}

static void need(int fd, off_t offset, size_t length, const char *call) {
  off_t size = size_if_slow(fd);
  if (size < 0 || offset >= size) return;
  size_t all = count(offset, length, size, ABSENT, 0);
  if (count(offset, length, size, HERE, 0) == all) return;
  note(call);
  for (int waited = 0; access(getenv("SLOW_READS_GATE"), F_OK) == 0;) {
    usleep(WAIT_MICROSECONDS);
    waited += WAIT_MICROSECONDS;
    if (waited > PATIENCE_MICROSECONDS) abort();
  }
  usleep(WAIT_MICROSECONDS);
  raise_to(offset, length, size, HERE);
}

ssize_t read(int fd, void *buffer, size_t length) {
  REAL(ssize_t, "read", int, void *, size_t);
  off_t offset = size_if_slow(fd) < 0 ? -1 : lseek(fd, 0, SEEK_CUR);
  if (offset >= 0) need(fd, offset, length, "read");
  return real(fd, buffer, length);
}

ssize_t pread64(int fd, void *buffer, size_t length, off64_t offset) {
  REAL(ssize_t, "pread64", int, void *, size_t, off64_t);
  need(fd, offset, length, "pread");
  return real(fd, buffer, length, offset);
}

ssize_t pread(int fd, void *buffer, size_t length, off_t offset) {
  return pread64(fd, buffer, length, offset);
}

ssize_t sendfile64(int out, int in, off64_t *offset, size_t length) {
  REAL(ssize_t, "sendfile64", int, int, off64_t *, size_t);
  need(in, offset ? *offset : lseek(in, 0, SEEK_CUR), length, "sendfile");
  return real(out, in, offset, length);
}

ssize_t sendfile(int out, int in, off_t *offset, size_t length) {
  return sendfile64(out, in, offset, length);
}

ssize_t preadv64v2(int fd, const struct iovec *vectors, int number, off64_t offset, int flags) {
  REAL(ssize_t, "preadv64v2", int, const struct iovec *, int, off64_t, int);
  off_t size = size_if_slow(fd);
  if (size < 0) return real(fd, vectors, number, offset, flags);
  if (number != 1) abort();
  struct iovec vector = vectors[0];
  off_t from = offset == -1 ? lseek(fd, 0, SEEK_CUR) : offset;
  if (!(flags & NOWAIT)) need(fd, from, vector.iov_len, "preadv2");
  else if (from >= size) return 0;
  else {
    size_t here = count(from, vector.iov_len, size, HERE, 1);
    off_t end = (from / PAGE + (off_t)here) * PAGE;
    if (here == 0 || end < from + (off_t)vector.iov_len) {
      off_t next = here == 0 ? from : end;
      // The kernel begins to read what is absent, and may wait for that.
      if (next < size && count(next, 1, size, ON_ITS_WAY, 0) == 0) {
        note("preadv2");
        raise_to(next, 1, size, ON_ITS_WAY);
      }
      if (here == 0) return errno = EAGAIN, -1;
      vector.iov_len = end - from;
    }
  }
  return real(fd, &vector, 1, offset, flags & ~NOWAIT);
}

ssize_t preadv2(int fd, const struct iovec *vectors, int number, off_t offset, int flags) {
  return preadv64v2(fd, vectors, number, offset, flags);
}

int posix_fadvise64(int fd, off64_t offset, off64_t length, int advice) {
  REAL(int, "posix_fadvise64", int, off64_t, off64_t, int);
  off_t size = size_if_slow(fd);
  if (size < 0 || advice != WILLNEED) return real(fd, offset, length, advice);
  char call[64];
  snprintf(call, sizeof call, "ahead:%lld+%lld", (long long)offset, (long long)length);
  note(call);
  raise_to(offset, length, size, ON_ITS_WAY);
  return 0;
}

int posix_fadvise(int fd, off_t offset, off_t length, int advice) {
  return posix_fadvise64(fd, offset, length, advice);
}

long syscall(long number, ...) {
  REAL(long, "syscall", long, long, long, long, long, long, long);
  long a[6];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
  va_end(list);
  off_t size = number == SYS_CACHESTAT ? size_if_slow((int)a[0]) : -1;
  if (size < 0) return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  const unsigned long *range = (const unsigned long *)a[1];
  unsigned long *answer = (unsigned long *)a[2];
  memset(answer, 0, 5 * sizeof *answer);
  answer[0] = count(range[0], range[1], size, ON_ITS_WAY, 0);
  return 0;
}
