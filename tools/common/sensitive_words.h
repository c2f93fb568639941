/* sensitive_words: which words of English, German, French and Spanish mark a tag, a category or a
 * title as one of a sensitive kind, and which tags reveal one only together. A net with holes: it
 * finds what a shop wrote down plainly and asks about the rest (unclassified); the column
 * `sensitive` of a catalogue is the word of a person who knows. Called by the pack builder. */
#ifndef SOTTO_SENSITIVE_WORDS_H
#define SOTTO_SENSITIVE_WORDS_H

#include "pack/sensitive.h"

/* The kinds (bits of enum sotto_sensitive) that the words of a UTF-8 text mark; 0 if none. Case,
 * accents and punctuation make no difference. Words that only look alike ("Union Jack", "wine gum",
 * "Kinderriegel") are no match. Without memory it fails closed: SENSITIVE_ALL. */
uint32_t sensitive_of_text(const char *text) MUST_CHECK;

/* True if a tag or category is known to be harmless: a word of an ordinary shop or programme. */
int sensitive_is_ordinary(const char *tag) MUST_CHECK;

/* The kinds that an item's tags (title and category too) mark one by one and together: a lawyer is
 * no secret, a lawyer for asylum is. If some of them are marked by no word and are not ordinary
 * either, SOTTO_SENSITIVE_UNCLASSIFIED is set, and *unclassified (may be NULL) is the first such
 * tag, to be reported; titles belong in `titles`, which are never unclassified. */
uint32_t sensitive_of_tags(const char *const *tags, size_t n_tags, const char *const *titles,
                           size_t n_titles, const char **unclassified) MUST_CHECK;

#endif
