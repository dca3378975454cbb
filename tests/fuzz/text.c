/* SPDX-License-Identifier: ISC */
/*
 * Bytes as a string.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

char *
fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	FUZZ_EXPECT(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}
