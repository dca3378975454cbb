/* SPDX-License-Identifier: ISC */
/*
 * The messages of a program to its notification socket.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "process/notify_message.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct notify_message message = { 0 };
	char *text = fuzz_text(data, size);

	notify_message_parse(&message, text);
	FUZZ_EXPECT(message.main_pid >= 0);
	FUZZ_EXPECT(message.extend_usec >= -1);
	FUZZ_EXPECT(message.reloading_usec >= -1);
	FUZZ_EXPECT(message.status == NULL ||
	    (message.status >= text && message.status <= text + size));
	FUZZ_EXPECT(message.fd_name == NULL ||
	    (!message.bad_name && strchr(message.fd_name, ':') == NULL &&
		strlen(message.fd_name) <= NOTIFY_FDNAME_MAX &&
		message.fd_name >= text && message.fd_name <= text + size));
	FUZZ_EXPECT(message.fds == NULL && message.nfds == 0);
	free(text);
	return 0;
}
