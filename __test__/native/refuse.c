// refuse ERRNO NUMBER... -- COMMAND...: runs the command in a sandbox whose
// kernel answers the system calls of those numbers with the errno. Of
// NUMBER/ARGUMENT/BITS, only those that have one of the bits in that argument.
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int count, char **words) {
  struct sock_filter program[64];
  int length = 0;
  int at = 2;
  unsigned answer = SECCOMP_RET_ERRNO | atoi(words[1]);
  program[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                   offsetof(struct seccomp_data, nr));
  for (; at < count && strcmp(words[at], "--") != 0 && length < 56; at += 1) {
    unsigned number, argument, bits;
    int has_bits = sscanf(words[at], "%u/%u/%u", &number, &argument, &bits) == 3;
    program[length++] =
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, has_bits ? 4 : 1);
    if (has_bits) {
      // The lower half of the argument, where the machine is little-endian.
      unsigned where = offsetof(struct seccomp_data, args) + 8 * argument;
      unsigned again = offsetof(struct seccomp_data, nr);
      program[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, where);
      program[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
      program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer);
      program[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, again);
    } else {
      program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer);
    }
  }
  program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog filter = {.len = length, .filter = program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    perror("seccomp");
    return 126;
  }
  execvp(words[at + 1], words + at + 1);
  perror("exec");
  return 127;
}
