#include "jobs/io/db_pool.h"

#include "jobs/base/mem.h"

#include <pthread.h>
#include <stdlib.h>

struct db_pool {
	pthread_mutex_t lock;
	pthread_cond_t returned;
	int size, free_count;
	struct db **free; /* the last free_count ones wait; the warmest is taken first */
};

struct db_pool *db_pool_new(const char *url, const char *application, int size)
{
	struct db_pool *pool = mem_alloc(sizeof(*pool));
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->returned, NULL);
	pool->free = mem_alloc((size_t)size * sizeof(struct db *));
	for (int i = 0; i < size; i++)
		pool->free[i] = db_new(url, application);
	pool->size = pool->free_count = size;
	return pool;
}

void db_pool_free(struct db_pool *pool)
{
	if (!pool)
		return;
	for (int i = 0; i < pool->free_count; i++)
		db_free(pool->free[i]);
	pthread_cond_destroy(&pool->returned);
	pthread_mutex_destroy(&pool->lock);
	free(pool->free);
	free(pool);
}

struct db *db_pool_get(struct db_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	while (pool->free_count == 0)
		pthread_cond_wait(&pool->returned, &pool->lock);
	struct db *db = pool->free[--pool->free_count];
	pthread_mutex_unlock(&pool->lock);
	return db;
}

void db_pool_put(struct db_pool *pool, struct db *db)
{
	pthread_mutex_lock(&pool->lock);
	pool->free[pool->free_count++] = db;
	pthread_cond_signal(&pool->returned);
	pthread_mutex_unlock(&pool->lock);
}
