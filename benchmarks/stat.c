// What it costs to ask the kernel for the stamp of a file, in every way there is.
//
//     cc -O2 -Wall -pthread -o /tmp/stat benchmarks/stat.c && /tmp/stat DIRECTORY [THREADS [RUNS]]
//
// Walks the tree once, which also fills the kernel's caches, and then asks for every file in each way in turn, RUNS times over.
// Prints, of each way, the median of the wall time and of the processor time a file.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 64, MAX_RUNS = 99, DIRECTORIES_AT_A_TIME = 4 };

struct name {
    ino_t inode;
    char *text;
};

struct directory {
    char *path;
    struct name *names;
    int count, room;
};

static struct directory *directories;
static int directory_count, directory_room;
static long file_count;

enum way {
    BY_DESCRIPTOR, OWN_DESCRIPTORS, OWN_WORKING_DIRECTORY, BY_PATH, STATX, STATX_LEAST, ACCESS, OPEN, NO_WORK, FSTAT,
    ORDER_READ, ORDER_INODE, ORDER_RANDOM, FEW_FILES, WAYS
};

static const char *const names_of_ways[WAYS] = {
    "fstatat by the directory's descriptor", "the same, each thread with descriptors of its own",
    "fstatat in a working directory of the thread's own", "fstatat by the path from the root", "statx, basic mask",
    "statx, least mask, no automount, no sync", "faccessat (says nothing of times)", "open with O_PATH, and close",
    "getppid: a call that does nothing", "fstat of an open directory: no name to look up", "as the first, in order of getdents",
    "as the first, in order of inodes", "as the first, in random order", "as the first, two of the directories over and over",
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void *grown(void *items, int count, int *room, size_t size) {
    if (count < *room) return items;
    *room = *room ? 2 * *room : 1024;
    if (!(items = realloc(items, *room * size))) fail("realloc");
    return items;
}

static void walk(const char *path) {
    DIR *stream = opendir(path);
    if (!stream) fail(path);
    struct directory found = {strdup(path), NULL, 0, 0};
    for (struct dirent *entry; (entry = readdir(stream));) {
        if (entry->d_name[0] == '.') continue;
        if (entry->d_type == DT_DIR) {
            char below[4096];
            snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
            walk(below);
        } else if (entry->d_type == DT_REG) {
            found.names = grown(found.names, found.count, &found.room, sizeof *found.names);
            found.names[found.count++] = (struct name){entry->d_ino, strdup(entry->d_name)};
        }
    }
    closedir(stream);
    if (!found.count) return;
    directories = grown(directories, directory_count, &directory_room, sizeof *directories);
    directories[directory_count++] = found;
    file_count += found.count;
}

static int by_text(const void *a, const void *b) {
    return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static int by_inode(const void *a, const void *b) {
    ino_t left = ((const struct name *)a)->inode, right = ((const struct name *)b)->inode;
    return (left > right) - (left < right);
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct directory *)a)->path, ((const struct directory *)b)->path);
}

/// Order of getdents, again: the names are read once more.
static void read_names(struct directory *directory) {
    DIR *stream = opendir(directory->path);
    if (!stream) fail(directory->path);
    int place = 0;
    for (struct dirent *entry; (entry = readdir(stream)) && place < directory->count;) {
        if (entry->d_name[0] == '.' || entry->d_type != DT_REG) continue;
        free(directory->names[place].text);
        directory->names[place++] = (struct name){entry->d_ino, strdup(entry->d_name)};
    }
    closedir(stream);
}

static void put_in_order(enum way way) {
    for (int i = 0; i < directory_count; i++) {
        struct directory *directory = &directories[i];
        if (way == ORDER_READ) {
            read_names(directory);
        } else if (way == ORDER_RANDOM) {
            for (int j = directory->count - 1; j > 0; j--) {
                int k = rand() % (j + 1);
                struct name swapped = directory->names[j];
                directory->names[j] = directory->names[k];
                directory->names[k] = swapped;
            }
        } else {
            qsort(directory->names, directory->count, sizeof(struct name), way == ORDER_INODE ? by_inode : by_text);
        }
    }
}

static atomic_int next_place;
static enum way current;
static atomic_long asked_count;

static void ask(int descriptor, const char *directory, const char *name) {
    struct stat status;
    struct statx more;
    char path[8192];
    int result = 0;
    switch (current) {
    case BY_PATH:
        snprintf(path, sizeof path, "%s/%s", directory, name);
        result = fstatat(AT_FDCWD, path, &status, 0);
        break;
    case OWN_WORKING_DIRECTORY: result = fstatat(AT_FDCWD, name, &status, 0); break;
    case STATX: result = statx(descriptor, name, 0, STATX_BASIC_STATS, &more); break;
    case STATX_LEAST:
        result = statx(
            descriptor, name, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
            STATX_TYPE | STATX_SIZE | STATX_MTIME | STATX_CTIME | STATX_INO, &more);
        break;
    case ACCESS: result = faccessat(descriptor, name, F_OK, 0); break;
    case OPEN: result = close(openat(descriptor, name, O_PATH | O_CLOEXEC)); break;
    case NO_WORK: syscall(SYS_getppid); break;
    case FSTAT: result = fstat(descriptor, &status); break;
    default: result = fstatat(descriptor, name, &status, 0);
    }
    if (result) fail(name);
}

static void *work(void *unused) {
    if (current == OWN_WORKING_DIRECTORY && unshare(CLONE_FS)) fail("unshare");
    if (current == OWN_DESCRIPTORS && unshare(CLONE_FILES)) fail("unshare");
    // Back to where paths begin, also for a thread that goes elsewhere.
    int root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int start; (start = atomic_fetch_add(&next_place, DIRECTORIES_AT_A_TIME)) < directory_count;) {
        for (int i = start; i < start + DIRECTORIES_AT_A_TIME && i < directory_count; i++) {
            struct directory *directory = &directories[current == FEW_FILES ? (directory_count / 2 + i % 2) % directory_count : i];
            int descriptor = openat(root, directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (descriptor < 0) fail(directory->path);
            if (current == OWN_WORKING_DIRECTORY && fchdir(descriptor)) fail(directory->path);
            for (int j = 0; j < directory->count; j++) ask(descriptor, directory->path, directory->names[j].text);
            atomic_fetch_add(&asked_count, directory->count);
            close(descriptor);
        }
    }
    close(root);
    return unused;
}

static double seconds_of(struct timeval time) { return time.tv_sec + 1e-6 * time.tv_usec; }

/// Seconds of all, and processor seconds a file.
static void measure(int threads, double *wall, double *processor) {
    struct rusage before, after;
    struct timespec start, end;
    pthread_t started[MAX_THREADS];
    atomic_store(&next_place, 0);
    atomic_store(&asked_count, 0);
    getrusage(RUSAGE_SELF, &before);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < threads; i++) if (pthread_create(&started[i], NULL, work, NULL)) fail("pthread_create");
    for (int i = 0; i < threads; i++) pthread_join(started[i], NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    getrusage(RUSAGE_SELF, &after);
    *wall = end.tv_sec - start.tv_sec + 1e-9 * (end.tv_nsec - start.tv_nsec);
    *processor = seconds_of(after.ru_utime) - seconds_of(before.ru_utime);
    *processor += seconds_of(after.ru_stime) - seconds_of(before.ru_stime);
    *processor /= atomic_load(&asked_count);
}

static int by_size(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

int main(int argc, char **argv) {
    int threads = argc > 2 ? atoi(argv[2]) : 2, runs = argc > 3 ? atoi(argv[3]) : 3;
    if (argc < 2 || threads < 1 || threads > MAX_THREADS || runs < 1 || runs > MAX_RUNS) {
        fprintf(stderr, "usage: stat DIRECTORY [THREADS, at most %d [RUNS, at most %d]]\n", MAX_THREADS, MAX_RUNS);
        return 2;
    }
    if (chdir(argv[1])) fail(argv[1]);
    walk(".");
    if (directory_count < 2) {
        fprintf(stderr, "stat: %s: files in two directories at least are needed\n", argv[1]);
        return 2;
    }
    qsort(directories, directory_count, sizeof *directories, by_path);
    static double walls[WAYS][MAX_RUNS], processors[WAYS][MAX_RUNS];
    for (int run = 0; run < runs; run++) {
        for (current = 0; current < WAYS; current++) {
            put_in_order(current);
            measure(threads, &walls[current][run], &processors[current][run]);
        }
    }
    printf("%ld files in %d directories, %d threads, median of %d\n", file_count, directory_count, threads, runs);
    for (int way = 0; way < WAYS; way++) {
        qsort(walls[way], runs, sizeof(double), by_size);
        qsort(processors[way], runs, sizeof(double), by_size);
        printf("%-52s %6.3f s %6.0f ns\n", names_of_ways[way], walls[way][runs / 2], 1e9 * processors[way][runs / 2]);
    }
    return 0;
}
