/* states: the one table that decides whether a personalised item may be seen. The only way into
 * SLATE_OPEN_PERSONAL is from SLATE_SHOWN, and the only way there is a good receipt. */
#include "slate/slate.h"

#define NO SLATE_NOT_ALLOWED

static const uint8_t table[SLATE_STATES][SLATE_EVENTS] = {
    /* clang-format off */
    /*                       ASK            RECEIPT_GOOD   RECEIPT_BAD    DECLINE        WITHDRAW             TIMEOUT              OPEN */
    [SLATE_GENERAL]       = {NO,            NO,            NO,            NO,            SLATE_GENERAL,       SLATE_GENERAL,       SLATE_OPEN_GENERAL},
    [SLATE_SEALED]        = {SLATE_ASKED,   NO,            NO,            NO,            SLATE_REFUSED,       SLATE_EXPIRED,       SLATE_OPEN_GENERAL},
    [SLATE_ASKED]         = {NO,            SLATE_SHOWN,   SLATE_REFUSED, SLATE_REFUSED, SLATE_REFUSED,       SLATE_EXPIRED,       SLATE_OPEN_GENERAL},
    [SLATE_SHOWN]         = {NO,            NO,            NO,            SLATE_REFUSED, SLATE_REFUSED,       SLATE_EXPIRED,       SLATE_OPEN_PERSONAL},
    [SLATE_REFUSED]       = {NO,            NO,            NO,            SLATE_REFUSED, SLATE_REFUSED,       SLATE_REFUSED,       SLATE_OPEN_GENERAL},
    [SLATE_EXPIRED]       = {NO,            NO,            NO,            SLATE_EXPIRED, SLATE_EXPIRED,       SLATE_EXPIRED,       SLATE_OPEN_GENERAL},
    [SLATE_OPEN_GENERAL]  = {NO,            NO,            NO,            NO,            SLATE_OPEN_GENERAL,  SLATE_OPEN_GENERAL,  NO},
    [SLATE_OPEN_PERSONAL] = {NO,            NO,            NO,            NO,            SLATE_OPEN_PERSONAL, SLATE_OPEN_PERSONAL, NO},
    /* clang-format on */
};

enum slate_state slate_next(enum slate_state state, enum slate_event event) {
    if ((unsigned)state >= SLATE_STATES || (unsigned)event >= SLATE_EVENTS)
        return SLATE_NOT_ALLOWED;
    return (enum slate_state)table[state][event];
}
