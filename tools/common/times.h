/* times: dates as people write them, to seconds since 1970 (UTC). Host side only. */
#ifndef SOTTO_TIMES_H
#define SOTTO_TIMES_H

#include <stdint.h>

enum time_form {
    TIME_UNREADABLE,
    TIME_EXACT,  /* ISO 8601 or unix seconds: *unix_s is final */
    TIME_SLASHED /* a/b/year: which of a and b is the month, only the column as a whole can tell */
};

struct slashed {
    int first, second, year;
    int64_t second_of_day;
};

/* Reads "2011-11-01", "2011-11-01T08:30:00Z", "2011-11-01 08:30", with fraction and ±hh:mm; unix
 * seconds of 9 to 11 digits, also with a fraction; unix milliseconds of 12 or 13; or "1/11/2011
 * 8:30". */
enum time_form time_read(const char *text, int64_t *unix_s, struct slashed *slashed);

/* Days since 1970-01-01 of a date of the Gregorian calendar, or INT64_MIN if there is no such day.
 */
int64_t days_from_civil(int64_t year, int month, int day);
/* "2011-11-01" of a moment, into 11 bytes. */
void time_write_date(int64_t unix_s, char out[11]);

#endif
