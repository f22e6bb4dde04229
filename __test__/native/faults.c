// Makes system calls fail, for LD_PRELOAD: those of the addon, one by one, by
// the rules of FAULTS, and everybody's on a file with a bad sector. What the
// addon calls is written to FAULTS_LOG. helpers/faults.js says how.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { NR_OPENAT2 = 437, NR_CACHESTAT = 451 };  // the same on every architecture

#define REAL(name) ((__typeof__(&name))real(#name))
#define CALLER __builtin_return_address(0)

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

// Which file -----------------------------------------------------------------

static struct stat target;
static off_t bad = -1;
static int drip, receive_buffer, log_fd = -1;

static int is_target(int fd) {
  struct stat found;
  int error = errno;
  int same = target.st_ino != 0 && fstat(fd, &found) == 0 && found.st_ino == target.st_ino &&
             found.st_dev == target.st_dev;
  errno = error;
  return same;
}

static int is_addon(const void *address) {
  Dl_info info;
  return dladdr(address, &info) != 0 && strstr(info.dli_fname, "/millrace.") != NULL;
}

// Rules ----------------------------------------------------------------------

// call:first:every:last:beyond:answer:value, where the answer is `e` for an
// error, `c` for a smaller count, and `z` for the end of the file.
struct rule {
  char call[24];
  long first, every, last;
  long long beyond;
  char answer;
  long value;
  atomic_long count;  // of the calls at or behind `beyond`
};

static struct rule rules[16];
static int rule_count;

__attribute__((constructor)) static void begin(void) {
  const char *value;
  // Before others start, and inherit it.
  if ((value = getenv("FAULTS_LOG"))) {
    log_fd = open(value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }
  if ((value = getenv("FAULTS_FILE"))) stat(value, &target);
  if ((value = getenv("FAULTS_BAD"))) bad = atoll(value);
  if ((value = getenv("FAULTS_DRIP"))) drip = atoi(value);
  if ((value = getenv("FAULTS_RCVBUF"))) receive_buffer = atoi(value);
  value = getenv("FAULTS");
  while (value && *value && rule_count < 16) {
    struct rule *rule = &rules[rule_count];
    if (sscanf(value, "%23[^:]:%ld:%ld:%ld:%lld:%c:%ld", rule->call, &rule->first, &rule->every,
               &rule->last, &rule->beyond, &rule->answer, &rule->value) != 7) {
      abort();
    }
    rule_count += 1;
    value = strchr(value, ' ');
    if (value) value += 1;
  }
}

static const struct rule *answer_to(const char *call, long long offset) {
  const struct rule *answer = NULL;
  for (int i = 0; i < rule_count; i += 1) {
    struct rule *rule = &rules[i];
    if (strcmp(rule->call, call) != 0 || offset < rule->beyond) continue;
    long number = atomic_fetch_add(&rule->count, 1) + 1;
    if (answer || number < rule->first || (rule->last != 0 && number > rule->last)) continue;
    if ((number - rule->first) % rule->every == 0) answer = rule;
  }
  return answer;
}

static void note(const char *call, long long asked, long long offset, int flags, long long result) {
  if (log_fd < 0) return;
  int error = errno;
  char line[160];
  int length = snprintf(line, sizeof line, "%s %lld %lld %d %lld\n", call, asked, offset, flags,
                        result < 0 ? -error : result);
  syscall(SYS_write, log_fd, line, length);
  errno = error;
}

static int fails(const struct rule *rule) {
  if (rule == NULL || rule->answer != 'e') return 0;
  errno = (int)rule->value;
  return 1;
}

static size_t clip(const struct rule *rule, size_t count) {
  return rule && rule->answer == 'c' && (size_t)rule->value < count ? (size_t)rule->value : count;
}

// For calls that have neither count nor offset.
static int refuses(const void *caller, const char *call) {
  if (!is_addon(caller)) return 0;
  int refused = fails(answer_to(call, 0));
  note(call, 0, 0, 0, refused ? -1 : 0);
  return refused;
}

// 1: the range begins in the bad sector; else what of it is in front.
static int touches(int fd, off_t offset, size_t *count) {
  if (bad < 0 || !is_target(fd)) return 0;
  if (offset >= bad) return 1;
  if (*count > (size_t)(bad - offset)) *count = bad - offset;
  return 0;
}

// The kernel, which says EAGAIN only with a reason, wakes those who wait for
// an edge when the reason is gone. So must this.
static void wake(int socket) {
  int error = errno;
  int most = -1;
  if (error == EAGAIN) setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof most);
  errno = error;
}

// Calls ----------------------------------------------------------------------

ssize_t sendfile64(int out, int in, off64_t *offset, size_t count) {
  if (!is_addon(CALLER) || !is_target(in)) return REAL(sendfile64)(out, in, offset, count);
  size_t asked = count;
  off64_t from = *offset;
  const struct rule *rule = answer_to("sendfile", from);
  ssize_t result = -1;
  if (fails(rule)) {
    wake(out);
  } else if (touches(in, from, &count)) {
    errno = EIO;
  } else if (rule && rule->answer == 'z') {
    result = 0;
  } else {
    result = REAL(sendfile64)(out, in, offset, clip(rule, count));
  }
  note("sendfile", asked, from, 0, result);
  return result;
}

ssize_t send(int fd, const void *data, size_t count, int flags) {
  if (!is_addon(CALLER)) return REAL(send)(fd, data, count, flags);
  const struct rule *rule = answer_to("send", 0);
  ssize_t result = -1;
  if (fails(rule)) wake(fd);
  else result = REAL(send)(fd, data, clip(rule, count), flags);
  note("send", count, 0, flags, result);
  return result;
}

static ssize_t positioned(const void *caller, int fd, void *data, size_t count, off64_t offset) {
  size_t asked = count;
  int is_ours = is_addon(caller) && is_target(fd);
  const struct rule *rule = is_ours ? answer_to("pread", offset) : NULL;
  ssize_t result = -1;
  if (touches(fd, offset, &count)) errno = EIO;
  else if (!fails(rule)) result = REAL(pread64)(fd, data, clip(rule, count), offset);
  if (is_ours) note("pread", asked, offset, 0, result);
  return result;
}

ssize_t pread64(int fd, void *data, size_t count, off64_t offset) {
  return positioned(CALLER, fd, data, count, offset);
}

ssize_t pread(int fd, void *data, size_t count, off_t offset) {
  return positioned(CALLER, fd, data, count, offset);
}

ssize_t preadv64v2(int fd, const struct iovec *vectors, int vector_count, off64_t offset,
                   int flags) {
  if (!is_addon(CALLER) || !is_target(fd)) {
    return REAL(preadv64v2)(fd, vectors, vector_count, offset, flags);
  }
  struct iovec vector = vectors[0];
  off64_t from = offset == -1 ? lseek(fd, 0, SEEK_CUR) : offset;
  const struct rule *rule = answer_to("preadv2", from);
  ssize_t result = -1;
  if (touches(fd, from, &vector.iov_len)) {
    errno = EAGAIN;
  } else if (!fails(rule)) {
    vector.iov_len = clip(rule, vector.iov_len);
    result = REAL(preadv64v2)(fd, &vector, 1, offset, flags);
  }
  note("preadv2", vectors[0].iov_len, from, flags, result);
  return result;
}

// Of several vectors, a smaller count leaves the first one, or part of it.
static ssize_t gathered(const void *caller, int fd, const struct iovec *vectors, int vector_count,
                        off64_t offset, int flags) {
  if (!is_addon(caller) || !is_target(fd)) {
    return REAL(pwritev2)(fd, vectors, vector_count, offset, flags);
  }
  size_t asked = 0;
  for (int i = 0; i < vector_count; i += 1) asked += vectors[i].iov_len;
  off64_t from = offset == -1 ? lseek(fd, 0, SEEK_CUR) : offset;
  const struct rule *rule = answer_to("pwritev2", from);
  struct iovec first = vectors[0];
  ssize_t result = -1;
  if (!fails(rule)) {
    first.iov_len = clip(rule, first.iov_len);
    int is_clipped = rule && rule->answer == 'c';
    result = REAL(pwritev2)(fd, is_clipped ? &first : vectors, is_clipped ? 1 : vector_count,
                            offset, flags);
  }
  note("pwritev2", asked, from, flags, result);
  return result;
}

ssize_t pwritev2(int fd, const struct iovec *vectors, int count, off_t offset, int flags) {
  return gathered(CALLER, fd, vectors, count, offset, flags);
}

ssize_t pwritev64v2(int fd, const struct iovec *vectors, int count, off64_t offset, int flags) {
  return gathered(CALLER, fd, vectors, count, offset, flags);
}

ssize_t read(int fd, void *data, size_t count) {
  if (drip > 0) {
    int kind;
    socklen_t length = sizeof kind;
    int error = errno;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &kind, &length) == 0 && kind == AF_INET &&
        count > (size_t)drip) {
      count = drip;
    }
    errno = error;
  }
  if (target.st_ino == 0 || !is_target(fd)) return REAL(read)(fd, data, count);
  size_t asked = count;
  off_t from = lseek(fd, 0, SEEK_CUR);
  int is_ours = is_addon(CALLER);
  const struct rule *rule = is_ours ? answer_to("read", from) : NULL;
  ssize_t result = -1;
  if (touches(fd, from, &count)) errno = EIO;
  else if (!fails(rule)) result = REAL(read)(fd, data, clip(rule, count));
  if (is_ours) note("read", asked, from, 0, result);
  return result;
}

static int control(const void *caller, int fd, int command, void *argument) {
  if (command == F_DUPFD_CLOEXEC && refuses(caller, "dup")) return -1;
  return REAL(fcntl)(fd, command, argument);
}

int fcntl(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  void *argument = va_arg(list, void *);
  va_end(list);
  return control(CALLER, fd, command, argument);
}

int fcntl64(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  void *argument = va_arg(list, void *);
  va_end(list);
  return control(CALLER, fd, command, argument);
}

int epoll_create1(int flags) {
  if (refuses(CALLER, "epoll_create1")) return -1;
  return REAL(epoll_create1)(flags);
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
  if (operation == EPOLL_CTL_ADD && refuses(CALLER, "epoll_ctl")) return -1;
  return REAL(epoll_ctl)(epoll, operation, fd, event);
}

int eventfd(unsigned count, int flags) {
  if (refuses(CALLER, "eventfd")) return -1;
  return ((int (*)(unsigned, int))real("eventfd"))(count, flags);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument) {
  if (refuses(CALLER, "pthread_create")) return errno;
  return REAL(pthread_create)(thread, attributes, start, argument);
}

int sched_yield(void) {
  if (is_addon(CALLER)) note("yield", 0, 0, 0, 0);
  return REAL(sched_yield)();
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
  int result = REAL(setsockopt)(fd, level, name, value, length);
  if (level == IPPROTO_TCP && name == TCP_CORK && is_addon(CALLER)) {
    note("cork", *(const int *)value, 0, 0, result);
  }
  return result;
}

int socket(int domain, int type, int protocol) {
  int fd = REAL(socket)(domain, type, protocol);
  if (fd >= 0 && domain == AF_INET && receive_buffer > 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  return fd;
}

long syscall(long number, ...) {
  long a[6];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 6; i += 1) a[i] = va_arg(list, long);
  va_end(list);
  if (number == NR_OPENAT2 && refuses(CALLER, "openat2")) return -1;
  if (number == NR_CACHESTAT && is_target((int)a[0])) {
    const unsigned long long *range = (const void *)a[1];
    const struct rule *rule = answer_to("cachestat", range[0]);
    if (fails(rule)) return -1;
    // Nothing of it is in memory.
    int is_cold = (rule && rule->answer == 'z') || (bad >= 0 && range[0] + range[1] > (unsigned long long)bad);
    if (is_cold) {
      memset((void *)a[2], 0, 5 * sizeof(unsigned long long));
      return 0;
    }
  }
  if (number == SYS_copy_file_range && is_target((int)a[2])) {
    size_t asked = a[4];
    off64_t from = *(const off64_t *)a[1];
    const struct rule *rule = answer_to("copy_file_range", from);
    long result = rule && rule->answer == 'z' ? 0 : -1;
    if (result != 0 && !fails(rule)) {
      result = ((long (*)(long, ...))real("syscall"))(number, a[0], a[1], a[2], a[3],
                                                      clip(rule, asked), a[5]);
    }
    note("copy_file_range", asked, from, 0, result);
    return result;
  }
  return ((long (*)(long, ...))real("syscall"))(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
