/* SPDX-License-Identifier: ISC */
/*
 * Addresses.  An address that was read can be written and read again as equal.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "traffic/address.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct address address, again;
	char *text = fuzz_text(data, size), written[ADDRESS_STRLEN];
	const char *why = NULL;

	if (address_parse(&address, text, &why) == 0) {
		address_format(&address, written);
		FUZZ_EXPECT(address_parse(&again, written, &why) == 0);
		FUZZ_EXPECT(address_equal(&address, &again));
		FUZZ_EXPECT(address_overlaps(&address, &again));
	} else
		FUZZ_EXPECT(why != NULL);
	free(text);
	return 0;
}
