/*
 * Fault points: moments with a name, at which a test has a process die, or stand still while it
 * does something to the servers around it. Only the build flavours `chaos` and `asan` have them;
 * elsewhere FAULT_POINT is nothing at all.
 *
 * ORDERS. The environment's FAULT_POINTS names a file of FAULT_POINTS_SIZE bytes, which all
 * processes map and the test writes, little-endian: the FNV-1a hash of a point's name (4 bytes), an
 * order (1 byte), 3 bytes that are 0, and the process that obeyed (4 bytes). The hash is written
 * while there is no order, so that it is whole once there is one. The first process to come to the
 * point obeys, once; the order says then that this has happened.
 */
#pragma once

enum { FAULT_POINTS_SIZE = 16 };

enum fault_order {
	FAULT_NONE,
	FAULT_DIE,  /* by SIGKILL */
	FAULT_HOLD, /* the thread waits until the order is taken back */
	FAULT_DEAD, /* it was obeyed */
	FAULT_HELD,
};

/* The moment `when` ("before", "after") of doing `what` to `where`; its name is these three with
 * dots between. */
#ifdef FAULT_POINTS
#define FAULT_POINT(where, what, when) fault_point(where, what, when)
#else
#define FAULT_POINT(where, what, when) ((void)0)
#endif

/* Looks for an order; does nothing where the environment names no file. */
void fault_point(const char *where, const char *what, const char *when);
