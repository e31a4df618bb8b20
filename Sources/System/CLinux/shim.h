#pragma once
#include <linux/sched.h>
#include <malloc.h>

// Swift's Glibc module leaves these out.

int syncfs(int file_descriptor);
int unshare(int flags);

/// Gives the calling thread a working directory that no other thread shares. 0, or -1 where the system does not let it.
static inline int unshare_working_directory(void) { return unshare(CLONE_FS); }

/// Blocks up to `bytes` stay in the process when freed. At most 32 MiB.
static inline int malloc_keep_freed(int bytes) {
    return mallopt(M_MMAP_THRESHOLD, bytes) && mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

/// Threads share `count` heaps. What one thread freed, another one of the same heap uses again.
static inline int malloc_share_heaps(int count) { return mallopt(M_ARENA_MAX, count); }

/// A new heap begins with so many bytes to spare, and the first one grows by so many.
static inline int malloc_spare(int bytes) { return mallopt(M_TOP_PAD, bytes); }

/// As sync_file_range(2); glibc declares it for GNU's extensions only.
int sync_file_range(int file, long offset, long count, unsigned flags);

/// Starts writing the range to the disk, and waits for nothing (SYNC_FILE_RANGE_WRITE).
static inline int start_writing(int file, long offset, long count) { return sync_file_range(file, offset, count, 2); }
