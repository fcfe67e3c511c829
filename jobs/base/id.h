/*
 * Ids: UUID version 7 (RFC 9562), so that rows sort by the time they were made: to a quarter of a
 * microsecond, by the 12 bits after the version (the RFC's section 6.2, method 3).
 */
#pragma once
#include <stdbool.h>

enum { ID_SIZE = 37 };                                 /* 36 characters and the NUL */
#define ID_NONE "00000000-0000-0000-0000-000000000000" /* RFC 9562's nil: before all others */

/* Writes a new id into `id` and returns it. Ends the process if there is no randomness. */
char *id_new(char id[static ID_SIZE]);

/* True for a UUID in its canonical form of 36 lower- or upper-case characters. */
bool id_is_valid(const char *text);
