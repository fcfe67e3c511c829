/* IP addresses and blocks of them, and which blocks are not the public internet. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* AF_INET with 4 bytes, or AF_INET6 with 16, in network order. */
struct address {
	int family;
	uint8_t bytes[16];
};

/* The addresses that share their first `bits` bits with `first`. */
struct address_block {
	struct address first;
	unsigned bits;
};

/* The address of a socket's peer; false for families other than IPv4 and IPv6. */
bool address_of(const struct sockaddr *from, struct address *ret);

/*
 * Reads "10.0.0.0/8", "fd00::/8", or an address by itself, which is a block of one. False for
 * anything else, for a prefix that is too long, and where bits are set after the prefix.
 */
bool address_block_parse(const char *text, struct address_block *ret);

bool address_block_has(const struct address_block *block, const struct address *a);

/*
 * True for what is not a host on the public internet: private, loopback, link-local, shared,
 * multicast, reserved, and the other blocks of the IANA IPv4 and IPv6 Special-Purpose Address
 * Registries (RFC 6890). Where such a block carries an IPv4 address, to which a gateway or the
 * kernel would pass the packets on, *ret_carried is that address; else its family is 0.
 */
bool address_is_special(const struct address *a, struct address *ret_carried);
