/*
 * notify - tells a service manager how a service is: systemd's notification protocol.
 *
 * sd_notify(3): a datagram of "NAME=value" lines to the socket that NOTIFY_SOCKET names. Where it
 * is not set nobody listens and nothing is sent. Never waits and never fails: who is not told finds
 * out by its own time limits (TimeoutStartSec, WatchdogSec).
 */
#ifndef CORE_IO_NOTIFY_H
#define CORE_IO_NOTIFY_H

/* "READY=1", "STOPPING=1", "RELOADING=1", "STATUS=…". */
void notify_send(const char *state);

/* WATCHDOG=1, if WATCHDOG_USEC asks this process for it, not more often than three times in that
 * span. */
void notify_alive(void);

#endif
