/* SPDX-License-Identifier: ISC */
/*
 * The messages of a supervisor to its keeper, with descriptors, and what a
 * keeper saves for itself.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "descriptors.h"
#include "fuzz.h"
#include "keep/keeper_parts.h"

static void
read_legacy(const uint8_t *data, size_t size)
{
	int fd = memfd_create("legacy", MFD_CLOEXEC), again;
	struct legacy legacy, copy;

	FUZZ_EXPECT(fd != -1 && fd_write_all(fd, data, size) == 0);
	if (legacy_read(&legacy, fd) == 0) {
		again = legacy_write(&legacy);
		FUZZ_EXPECT(again != -1);
		FUZZ_EXPECT(legacy_read(&copy, again) == 0);
		FUZZ_EXPECT(copy.supervisor == legacy.supervisor);
		close(again);
	}
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keeper keeper = {
		.signal_fd = -1, .channel = -1, .previous = -1
	};
	struct fuzz_message message;
	size_t first = fuzz_open();
	char *text;

	unsetenv("NOTIFY_SOCKET");
	read_legacy(data, size);
	legacy_init(&keeper.legacy, "fuzz");
	while (fuzz_next(&message, &data, &size)) {
		text = fuzz_text(message.data, message.len);
		keeper_hear(&keeper, text, message.fds, message.n);
		free(text);
	}
	fdset_fini(&keeper.fdset);
	fd_close(&keeper.previous);
	FUZZ_EXPECT(fuzz_comes_down_to(first));
	return 0;
}
