/* times: see times.h. */
#include "tools/common/times.h"

#include <stdio.h>
#include <string.h>

#include "tools/common/dataset.h"

int64_t days_from_civil(int64_t year, int month, int day) {
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1900 || year > 9999 || month < 1 || month > 12 || day < 1 ||
        day > lengths[month - 1] + (month == 2 && is_leap))
        return INT64_MIN;
    /* Years that begin in March, so that the leap day comes last (Hinnant, "chrono-compatible
     * low-level date algorithms"). */
    int64_t y = year - (month <= 2), era = y / 400, of_era = y % 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void time_write_date(int64_t unix_s, char out[11]) {
    int64_t days = unix_s / 86400 - (unix_s % 86400 < 0) + 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097, of_era = days - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t m = (5 * of_year + 2) / 153;
    int day = (int)(of_year - (153 * m + 2) / 5 + 1), month = (int)(m < 10 ? m + 3 : m - 9);
    int year = (int)(year_of_era + era * 400 + (month <= 2));
    if (snprintf(out, 11, "%04d-%02d-%02d", year % 10000, month, day) != 10) out[0] = '\0';
}

/* Takes a number of least to most digits. -1 if there is none. */
static int take(const char **at, int least, int most, int *value) {
    int n = 0;
    for (*value = 0; n < most && **at >= '0' && **at <= '9'; n++)
        *value = *value * 10 + *(*at)++ - '0';
    return n >= least ? 0 : -1;
}

/* "hh:mm", "hh:mm:ss", "hh:mm:ss.fff"; then, if `with_zone`, "Z" or "±hh:mm". */
static int take_clock(const char **at, int with_zone, int64_t *second) {
    int h, m, s = 0;
    if (take(at, 1, 2, &h) || *(*at)++ != ':' || take(at, 2, 2, &m)) return -1;
    if (**at == ':') {
        ++*at;
        if (take(at, 2, 2, &s)) return -1;
        if (**at == '.')
            for (++*at; **at >= '0' && **at <= '9';) ++*at;
    }
    if (h > 23 || m > 59 || s > 60) return -1;
    *second = h * 3600 + m * 60 + s;
    if (!with_zone || **at == '\0') return 0;
    if (**at == 'Z') {
        ++*at;
        return 0;
    }
    int sign = **at == '+' ? -1 : **at == '-' ? 1 : 0, zone_h, zone_m = 0;
    if (!sign) return -1;
    ++*at;
    if (take(at, 2, 2, &zone_h)) return -1;
    if (**at == ':') ++*at;
    if (**at && take(at, 2, 2, &zone_m)) return -1;
    if (zone_h > 14 || zone_m > 59) return -1;
    *second += sign * (zone_h * 3600 + zone_m * 60);
    return 0;
}

static enum time_form read_iso(const char *at, int64_t *unix_s) {
    int year, month, day;
    int64_t second = 0;
    if (take(&at, 4, 4, &year) || *at++ != '-' || take(&at, 2, 2, &month) || *at++ != '-' ||
        take(&at, 2, 2, &day))
        return TIME_UNREADABLE;
    if (*at == 'T' || *at == ' ') {
        at++;
        if (take_clock(&at, 1, &second)) return TIME_UNREADABLE;
    }
    int64_t days = days_from_civil(year, month, day);
    if (*at || days == INT64_MIN) return TIME_UNREADABLE;
    *unix_s = days * 86400 + second;
    return TIME_EXACT;
}

static enum time_form read_slashed(const char *at, struct slashed *s) {
    s->second_of_day = 0;
    if (take(&at, 1, 2, &s->first) || *at++ != '/' || take(&at, 1, 2, &s->second) || *at++ != '/' ||
        take(&at, 2, 4, &s->year))
        return TIME_UNREADABLE;
    if (s->year < 100) s->year += s->year < 70 ? 2000 : 1900;
    if (*at == ' ' || *at == 'T') {
        at++;
        if (take_clock(&at, 0, &s->second_of_day)) return TIME_UNREADABLE;
    }
    if (*at || s->first < 1 || s->second < 1 || s->first > 31 || s->second > 31)
        return TIME_UNREADABLE;
    return TIME_SLASHED;
}

enum time_form time_read(const char *text, int64_t *unix_s, struct slashed *slashed) {
    size_t digits = strspn(text, "0123456789");
    size_t fraction = text[digits] == '.' ? 1 + strspn(text + digits + 1, "0123456789") : 0;
    if (text[digits + fraction] == '\0' && digits >= 9 && digits <= 13) {
        *unix_s = 0;
        for (size_t i = 0; i < digits; i++) *unix_s = *unix_s * 10 + (text[i] - '0');
        if (digits >= 12) *unix_s /= 1000;
        return TIME_EXACT;
    }
    return digits == 4 ? read_iso(text, unix_s) : read_slashed(text, slashed);
}

int dataset_parse_time(const char *text, int64_t *unix_s) {
    return read_iso(text, unix_s) == TIME_EXACT ? 0 : -1;
}
