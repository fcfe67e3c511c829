#include "jobs/base/thread.h"

enum { STACK_SIZE = 512 * 1024 };

bool thread_start(pthread_t *ret, void *(*work)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	bool started = pthread_create(ret, &attr, work, arg) == 0;
	pthread_attr_destroy(&attr);
	return started;
}
