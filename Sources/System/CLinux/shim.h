#pragma once

/* Calls of glibc that its headers show only to C compiled with _GNU_SOURCE. */
extern int syncfs(int fd);
