/* The Gregorian calendar as arithmetic on days since 1970-01-01, in both directions of time. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { DAY_S = 24 * 3600 };

struct date {
	int64_t year;
	int month, day; /* 1-12, 1-31 */
};

/* The day's number; `month` and `day` have to be a date's. */
int64_t date_to_days(struct date d);
struct date date_of_days(int64_t days);

/* 0 is Sunday. */
int date_weekday(int64_t days);

bool date_is_leap_year(int64_t year);
int date_month_length(int64_t year, int month);

/* Division that rounds down, also below zero; `b` > 0. */
static inline int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}
