/* One piece of a text, through the ledger: from the storage, or bought and put there. */
#pragma once
#include "jobs/tts/script.h"
#include "jobs/tts/speak.h"

#include <stdatomic.h>

enum { PURCHASE_MAX_AUDIO = 64 * 1024 * 1024 }; /* bytes of one piece */

/* All borrowed. */
struct purchase {
	const struct speak *speak;
	struct http *http;                           /* this thread's */
	const struct piece *piece, *previous, *next; /* the neighbours NULL at the ends */
	struct segment *segment;
	atomic_bool *held; /* set while the segment is taken: somebody has to hold on to it */
	int fd; /* the audio is written there, at `offset`, where PURCHASE_MAX_AUDIO bytes are free
		 */
	uint64_t offset;
};

/* What a purchase came to; purchase_result_clear frees it. */
struct purchase_result {
	uint64_t length;       /* bytes of audio */
	struct tts_result tts; /* of what was bought just now, its audio excepted */
};
void purchase_result_clear(struct purchase_result *r);

/*
 * Gets the audio, and p->segment up to date. Waits where another run is buying the same. Where an
 * earlier call may have been done, the provider is asked for what it has before anything is bought.
 */
must_check struct err *purchase(const struct purchase *p, struct purchase_result *ret);
