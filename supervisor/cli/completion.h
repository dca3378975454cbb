/* SPDX-License-Identifier: ISC */
/*
 * Completing the words of a command: reads the words before as the command does
 * and prints the candidates for the last one, as cli/candidates.h says.
 */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include <stddef.h>

/* Strings are borrowed. */
struct completion_option {
	const char *name;
	const char *metavar; /* NULL: the option takes no value */
	const char *help;
	const char *const *list; /* words of a list `a,b,c`; or NULL */
	char letter;		 /* 0: none */
};

/* What a command takes; release the options with free(3). */
struct completion {
	const char *usage; /* behind the command's name, as --help shows it */
	struct completion_option *options;
	size_t count;
};

/* argv is what stands behind the command's name; its last word is completed. */
void completion_print(const struct completion *, char *const *argv);

#endif
