/* noise_words: what the noise covers and what it does not, in plain words, on stdout. Said alike of
 * a device (`sotto budget --explain`) and of a policy (`sotto-pack policy --explain`). */
#ifndef SOTTO_NOISE_WORDS_H
#define SOTTO_NOISE_WORDS_H

#include <stdint.h>

struct noise_words {
    uint64_t window_micro; /* epsilon of one unit and window, in millionths */
    uint64_t year_cap_micro, lifetime_cap_micro;
    uint32_t fresh_cap; /* fresh answers of a household in a year */
};

void noise_words_visit(const struct noise_words *b);
void noise_words_household(const struct noise_words *b);

#endif
