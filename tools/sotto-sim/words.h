/* words: the vocabulary of the made-up town: item ids, titles, categories, price levels. */
#ifndef SOTTO_SIM_WORDS_H
#define SOTTO_SIM_WORDS_H

#include "tools/sotto-sim/world.h"

const char *words_category(uint32_t category);
uint32_t words_price(uint32_t category); /* typical, pence */
uint32_t words_peak(uint32_t category);  /* month 0 to 11 in which it sells best */
/* Distinct for distinct items of one seed. `k` numbers the items of a category. */
void words_id(char id[WORLD_ID_BYTES], uint32_t item, uint64_t seed);
void words_title(char title[WORLD_TITLE_BYTES], uint32_t category, uint32_t k, uint64_t seed);

#endif
