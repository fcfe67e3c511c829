#include "jobs/base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A block, and where it carries an IPv4 address: from that byte on, with all bits turned if so. */
struct special {
	const char *block;
	unsigned carried_at;
	bool turned;
};

/*
 * The first that matches counts. Of IPv6 only 2000::/3 is given out for the public internet (RFC
 * 4291, 2.4): the rows of the other seven eighths end the table, after those with a meaning of
 * their own.
 */
static const struct special specials[] = {
	{ .block = "0.0.0.0/8" },        /* "this network", which Linux takes for loopback */
	{ .block = "10.0.0.0/8" },       /* private, RFC 1918 */
	{ .block = "100.64.0.0/10" },    /* shared by carriers, RFC 6598; a cloud's metadata */
	{ .block = "127.0.0.0/8" },      /* loopback */
	{ .block = "168.63.129.16/32" }, /* Azure's host of each virtual machine */
	{ .block = "169.254.0.0/16" },   /* link-local; the clouds' metadata */
	{ .block = "172.16.0.0/12" },    /* private, RFC 1918 */
	{ .block = "192.0.0.0/24" },     /* protocol assignments, RFC 6890; a cloud's metadata */
	{ .block = "192.0.2.0/24" },     /* documentation, RFC 5737 */
	{ .block = "192.31.196.0/24" },  /* AS112, RFC 7535 */
	{ .block = "192.52.193.0/24" },  /* AMT, RFC 7450 */
	{ .block = "192.88.99.0/24" },   /* relays of 6to4, RFC 7526 */
	{ .block = "192.168.0.0/16" },   /* private, RFC 1918 */
	{ .block = "192.175.48.0/24" },  /* AS112, RFC 7534 */
	{ .block = "198.18.0.0/15" },    /* benchmarking, RFC 2544 */
	{ .block = "198.51.100.0/24" },  /* documentation, RFC 5737 */
	{ .block = "203.0.113.0/24" },   /* documentation, RFC 5737 */
	{ .block = "224.0.0.0/4" },      /* multicast */
	{ .block = "240.0.0.0/4" },      /* reserved, RFC 1112, and broadcast */

	{ .block = "::/128" },                                      /* unspecified */
	{ .block = "::1/128" },                                     /* loopback */
	{ .block = "::/96", .carried_at = 12 },                     /* IPv4-compatible, RFC 4291 */
	{ .block = "::ffff:0:0/96", .carried_at = 12 },             /* IPv4-mapped, RFC 4291 */
	{ .block = "::ffff:0:0:0/96", .carried_at = 12 },           /* IPv4-translated, RFC 7915 */
	{ .block = "64:ff9b::/96", .carried_at = 12 },              /* NAT64, RFC 6052 */
	{ .block = "64:ff9b:1::/48", .carried_at = 12 },            /* NAT64 of a site, RFC 8215 */
	{ .block = "2001::/32", .carried_at = 12, .turned = true }, /* Teredo, RFC 4380 */
	{ .block = "2001::/23" },     /* protocol assignments, RFC 2928; benchmarking, ORCHID */
	{ .block = "2001:db8::/32" }, /* documentation, RFC 3849 */
	{ .block = "2002::/16", .carried_at = 2 }, /* 6to4, RFC 3056 */
	{ .block = "2620:4f:8000::/48" },          /* AS112, RFC 7534 */
	{ .block = "3fff::/20" },                  /* documentation, RFC 9637 */
	{ .block = "::/3" },                       /* among them 100::/64, discard-only, RFC 6666 */
	{ .block = "4000::/2" }, /* among them 5f00::/16, segment routing, RFC 9602 */
	{ .block = "8000::/1" }, /* among them unique local fc00::/7 with a cloud's metadata at
				    fd00:ec2::254, link-local fe80::/10, site-local fec0::/10 and
				    multicast ff00::/8 */
};

static unsigned width(int family)
{
	return family == AF_INET ? 32 : 128;
}

bool address_of(const struct sockaddr *from, struct address *ret)
{
	*ret = (struct address){ .family = from->sa_family };
	if (from->sa_family == AF_INET)
		memcpy(ret->bytes, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
	else if (from->sa_family == AF_INET6)
		memcpy(ret->bytes, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr,
		       16);
	else
		return false;
	return true;
}

/* True where the first `bits` bits of `a` and `b` are the same. */
static bool same_start(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	uint8_t mask = (uint8_t)(0xff00 >> bits % 8);
	return memcmp(a, b, bits / 8) == 0 &&
	       (mask == 0 || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0);
}

bool address_block_has(const struct address_block *block, const struct address *a)
{
	return a->family == block->first.family &&
	       same_start(a->bytes, block->first.bytes, block->bits);
}

/* Reads an address without a prefix. */
static bool parse_address(const char *text, struct address *ret)
{
	*ret = (struct address){ .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	return inet_pton(ret->family, text, ret->bytes) == 1;
}

/* True if no bit is set after the first `bits`. */
static bool ends_in_zeros(const struct address *a, unsigned bits)
{
	for (unsigned i = bits; i < width(a->family); i++)
		if (a->bytes[i / 8] & (0x80 >> i % 8))
			return false;
	return true;
}

bool address_block_parse(const char *text, struct address_block *ret)
{
	char address[INET6_ADDRSTRLEN] = "";
	size_t len = strcspn(text, "/");
	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	if (!parse_address(address, &ret->first))
		return false;
	ret->bits = width(ret->first.family);
	if (!text[len])
		return true;
	const char *prefix = text + len + 1;
	size_t digits = strspn(prefix, "0123456789");
	unsigned long bits = strtoul(prefix, NULL, 10);
	if (digits == 0 || digits > 3 || prefix[digits] || bits > ret->bits)
		return false;
	ret->bits = (unsigned)bits;
	return ends_in_zeros(&ret->first, ret->bits);
}

static const struct special *find(const struct address *a)
{
	for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++) {
		struct address_block block;
		if (!address_block_parse(specials[i].block, &block))
			abort();
		if (address_block_has(&block, a))
			return &specials[i];
	}
	return NULL;
}

bool address_is_special(const struct address *a, struct address *ret_carried)
{
	*ret_carried = (struct address){ 0 };
	const struct special *special = find(a);
	if (!special || !special->carried_at)
		return special != NULL;
	ret_carried->family = AF_INET;
	for (unsigned i = 0; i < 4; i++)
		ret_carried->bytes[i] =
			(uint8_t)(a->bytes[special->carried_at + i] ^ (special->turned ? 0xff : 0));
	return true;
}
