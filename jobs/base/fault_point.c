#include "jobs/base/fault_point.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HASH_BITS = 32, LOOK_US = 1000 };

/* The orders' file; the first word is the hash with the order above it. */
struct orders {
	_Atomic uint64_t order;
	_Atomic uint32_t obeyed_by;
};

static struct orders *orders;
static pthread_once_t opened = PTHREAD_ONCE_INIT;

static void open_orders(void)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment */
	const char *path = getenv("FAULT_POINTS");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	void *mapped = mmap(NULL, FAULT_POINTS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapped != MAP_FAILED)
		orders = mapped;
	close(fd);
}

static uint32_t add_to_hash(uint32_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 16777619U;
	return hash;
}

static uint32_t hash_of(const char *where, const char *what, const char *when)
{
	const char *const parts[] = { where, ".", what, ".", when };
	uint32_t hash = 2166136261U;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		hash = add_to_hash(hash, parts[i]);
	return hash;
}

static uint64_t order_word(enum fault_order order, uint32_t hash)
{
	return (uint64_t)order << HASH_BITS | hash;
}

/* True for the one process and thread that is to obey. */
static bool take_order(enum fault_order order, enum fault_order obeyed, uint32_t hash)
{
	uint64_t expected = order_word(order, hash);
	if (!atomic_compare_exchange_strong(&orders->order, &expected, order_word(obeyed, hash)))
		return false;
	atomic_store(&orders->obeyed_by, (uint32_t)getpid());
	return true;
}

void fault_point(const char *where, const char *what, const char *when)
{
	pthread_once(&opened, open_orders);
	if (!orders)
		return;
	uint64_t order = atomic_load(&orders->order) >> HASH_BITS;
	if (order != FAULT_DIE && order != FAULT_HOLD)
		return;
	uint32_t hash = hash_of(where, what, when);
	if (take_order(FAULT_DIE, FAULT_DEAD, hash))
		kill(getpid(), SIGKILL);
	if (!take_order(FAULT_HOLD, FAULT_HELD, hash))
		return;
	while (atomic_load(&orders->order) == order_word(FAULT_HELD, hash))
		usleep(LOOK_US);
}
