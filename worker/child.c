#include "worker/child.h"

#include <poll.h>

bool child_orphaned(const struct worker_child *child)
{
	struct pollfd parent = {.fd = child->parent_fd, .events = POLLIN};

	return poll(&parent, 1, 0) > 0;
}
