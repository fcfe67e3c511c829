/* Threads, of which there are many: with stacks small enough for the C library to keep for the
 * next. */
#pragma once
#include <pthread.h>
#include <stdbool.h>

/* Starts a thread that does work(arg), to be joined by *ret; false where that is not possible. */
bool thread_start(pthread_t *ret, void *(*work)(void *), void *arg);
