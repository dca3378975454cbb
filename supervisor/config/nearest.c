/* SPDX-License-Identifier: ISC */
/*
 * Edit distance in which swapping two neighbours is one edit (optimal string
 * alignment), over words as short as options and commands are.
 */
#include "config/nearest.h"

#include <string.h>
#include <sys/param.h>

#define WORD_MAX 32

static unsigned int
edit_distance(const char *a, size_t alen, const char *b, size_t blen)
{
	unsigned int d[WORD_MAX + 1][WORD_MAX + 1];
	size_t i, j;

	for (i = 0; i <= alen; i++)
		d[i][0] = i;
	for (j = 0; j <= blen; j++)
		d[0][j] = j;
	for (i = 1; i <= alen; i++) {
		for (j = 1; j <= blen; j++) {
			d[i][j] = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			d[i][j] = MIN(d[i][j], d[i - 1][j] + 1);
			d[i][j] = MIN(d[i][j], d[i][j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				d[i][j] = MIN(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[alen][blen];
}

void
nearest_init(struct nearest *nearest, const char *word)
{
	nearest->word = word;
	nearest->best = NULL;
	/* A third of the letters may be wrong; with more it is another word. */
	nearest->distance = MIN(strlen(word) / 3, 2) + 1;
}

void
nearest_try(struct nearest *nearest, const char *name)
{
	size_t wordlen = strlen(nearest->word), namelen = strlen(name);
	unsigned int distance;

	if (wordlen > WORD_MAX || namelen > WORD_MAX)
		return;
	distance = edit_distance(nearest->word, wordlen, name, namelen);
	if (distance < nearest->distance) {
		nearest->distance = distance;
		nearest->best = name;
	}
}
