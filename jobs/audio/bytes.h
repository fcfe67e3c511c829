/* Bytes that are owned, and the numbers found in them by byte order. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Zeroed = empty. `data` comes from malloc and belongs to whoever holds the struct. */
struct audio_bytes {
	uint8_t *data;
	size_t len;
};

static inline void audio_bytes_clear(struct audio_bytes *b)
{
	free(b->data);
	*b = (struct audio_bytes){ 0 };
}

static inline uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32(const uint8_t *p)
{
	return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static inline uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void put_le16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static inline void put_le32(uint8_t *p, uint32_t value)
{
	put_le16(p, (uint16_t)value);
	put_le16(p + 2, (uint16_t)(value >> 16));
}
