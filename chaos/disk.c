/*
 * disk - a disk that fills up: writes fail with ENOSPC while the byte in the file that CHAOS_DISK
 * names is not zero. Preloaded into Postgres, for whose processes the file is one shared page.
 *
 * Only what makes files grow or writes them is caught; sockets and pipes are left alone.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static const volatile unsigned char *flag;

__attribute__((constructor)) static void map_flag(void)
{
	const char *path = getenv("CHAOS_DISK");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return;
	const void *memory = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (memory != MAP_FAILED)
		flag = memory;
}

static int is_full(int fd)
{
	struct stat status;

	if (flag == NULL || *flag == 0 || fstat(fd, &status) == -1 || !S_ISREG(status.st_mode))
		return 0;
	errno = ENOSPC;
	return 1;
}

/* The functions of libc keep their names and types. */
#define REAL(type, name) (*(type *)&(void *){dlsym(RTLD_NEXT, name)})

typedef ssize_t write_function(int, const void *, size_t);
typedef ssize_t pwrite_function(int, const void *, size_t, off_t);
typedef ssize_t pwritev_function(int, const struct iovec *, int, off_t);
typedef int fallocate_function(int, off_t, off_t);

ssize_t write(int fd, const void *bytes, size_t size)
{
	return is_full(fd) ? -1 : REAL(write_function *, "write")(fd, bytes, size);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
	return is_full(fd) ? -1 : REAL(pwrite_function *, "pwrite")(fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at)
{
	return pwrite(fd, bytes, size, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
	return is_full(fd) ? -1 : REAL(pwritev_function *, "pwritev")(fd, parts, count, at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at)
{
	return pwritev(fd, parts, count, at);
}

int posix_fallocate(int fd, off_t at, off_t size)
{
	return is_full(fd) ? ENOSPC : REAL(fallocate_function *, "posix_fallocate")(fd, at, size);
}

int posix_fallocate64(int fd, off_t at, off_t size)
{
	return posix_fallocate(fd, at, size);
}
