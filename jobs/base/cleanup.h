/* Scope-bound ownership: a variable's destructor runs however its scope ends. */
#pragma once
#include <stdlib.h>

#define cleanup(fn) __attribute__((cleanup(fn)))

/* clang-format off */
/* Hands a pointer to the caller and disarms the local's destructor. */
#define take(p) ({ __typeof__(p) take_ = (p); (p) = NULL; take_; })
/* clang-format on */

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}
