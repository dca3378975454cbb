/* SPDX-License-Identifier: ISC */
/*
 * Options as they are typed: the first byte chooses the option.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "config/options.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct options *options;
	char why[OPTIONS_WHY] = "";
	char *text;

	if (size == 0)
		return 0;
	options = options_new();
	text = fuzz_text(data + 1, size - 1);
	FUZZ_EXPECT(options != NULL);
	if (option_set(options, &option_table[data[0] % option_count], text,
		why, sizeof(why)) == -1)
		FUZZ_EXPECT(why[0] != '\0' && strchr(why, '\n') == NULL);
	free(text);
	options_free(options);
	return 0;
}
