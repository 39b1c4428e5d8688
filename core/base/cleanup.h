/*
 * cleanup - scope-owned resources and the hand-over of ownership.
 *
 * CLEANUP(f) runs f(&variable) when the variable leaves its scope; every such variable is
 * initialised where it is declared. TAKE(p) hands the pointer over and leaves NULL behind, so
 * that the cleanup finds nothing to do. Neither runs over _exit, longjmp or a kill: nothing that
 * must hold after a crash may rest on them.
 */
#ifndef CORE_BASE_CLEANUP_H
#define CORE_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(f) __attribute__((cleanup(f)))

#define TAKE(pointer)                                                                              \
	({                                                                                         \
		__typeof__(pointer) taken = pointer;                                               \
		pointer = NULL;                                                                    \
		taken;                                                                             \
	})

/* For `CLEANUP(text_free) char *p = NULL;`. */
static inline void text_free(char **text)
{
	free(*text);
	*text = NULL;
}

/* For `CLEANUP(fd_close) int fd = -1;`. Errors of close are ignored: use it on read sides only. */
static inline void fd_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* For `CLEANUP(file_close) FILE *file = NULL;`, on read sides only too. */
static inline void file_close(FILE **file)
{
	if (*file != NULL)
		(void)fclose(*file);
	*file = NULL;
}

#endif
