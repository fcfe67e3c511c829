#include "jobs/base/date.h"

enum {
	CYCLE_YEARS = 400, /* after which the calendar repeats, in whole weeks */
	CYCLE_DAYS = 146097,
	EPOCH_WEEKDAY = 4, /* 1970-01-01 was a Thursday */
};

/* Days of a common year before each month. */
static const int before_month[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 };

bool date_is_leap_year(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int date_month_length(int64_t year, int month)
{
	return before_month[month] - before_month[month - 1] +
	       (month == 2 && date_is_leap_year(year));
}

/* Days from the first day of the year 0 to the first day of `year`, 0 to 400. */
static int64_t days_of_years(int64_t year)
{
	return year * 365 + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
}

/* 1970-01-01, counted from the first day of the year 0. */
static const int64_t epoch = 719528;

int64_t date_to_days(struct date d)
{
	int64_t cycle = floor_div(d.year, CYCLE_YEARS), year = d.year - cycle * CYCLE_YEARS;
	bool leap_day_before = d.month > 2 && date_is_leap_year(year);
	return cycle * CYCLE_DAYS + days_of_years(year) + before_month[d.month - 1] +
	       leap_day_before + d.day - 1 - epoch;
}

struct date date_of_days(int64_t days)
{
	int64_t cycle = floor_div(days + epoch, CYCLE_DAYS);
	int64_t day = days + epoch - cycle * CYCLE_DAYS, year = day / 366;
	while (days_of_years(year + 1) <= day)
		year++;
	int left = (int)(day - days_of_years(year)), month = 1;
	while (left >= date_month_length(year, month))
		left -= date_month_length(year, month++);
	return (struct date){ cycle * CYCLE_YEARS + year, month, left + 1 };
}

int date_weekday(int64_t days)
{
	return (int)(days + EPOCH_WEEKDAY - floor_div(days + EPOCH_WEEKDAY, 7) * 7);
}
