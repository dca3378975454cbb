/* SPDX-License-Identifier: ISC */
/*
 * Configuration files.  What was loaded can be written as JSON and read again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/strings.h"
#include "fuzz.h"
#include "config/options.h"

static void
read_back(const struct options *options)
{
	struct options *again = options_new();
	json_t *object = options_to_json(options);
	char why[OPTIONS_WHY];
	const char *key;

	FUZZ_EXPECT(again != NULL && object != NULL);
	FUZZ_EXPECT(options_set_json(
			again, object, false, &key, why, sizeof(why)) == 0);
	json_decref(object);
	options_free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct options *options = options_new();
	char path[64], why[OPTIONS_WHY] = "";
	char **program = NULL;
	int fd = memfd_create("config", MFD_CLOEXEC);

	FUZZ_EXPECT(options != NULL && fd != -1);
	FUZZ_EXPECT(fd_write_all(fd, data, size) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (options_load(options, path, &program, why, sizeof(why)) == 0)
		read_back(options);
	else
		FUZZ_EXPECT(why[0] != '\0' && strchr(why, '\n') == NULL);
	strings_free(program);
	options_free(options);
	close(fd);
	return 0;
}
