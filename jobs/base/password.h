/* Passwords, hashed with yescrypt through crypt(3); bcrypt hashes of older systems verify too. */
#pragma once
#include <stdbool.h>

/* A new hash of `password` (8 to 511 bytes); the caller frees it. Takes about 25 ms. */
char *password_hash(const char *password) __attribute__((returns_nonnull));

/*
 * True if `password` fits `hash` ($y$, $2a$, $2b$ or $2y$; anything else never fits). A NULL hash
 * takes as long as a real one and never fits, so that time does not tell which users exist.
 */
bool password_fits(const char *password, const char *hash);
