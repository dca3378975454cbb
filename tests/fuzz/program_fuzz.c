/* SPDX-License-Identifier: ISC */
/*
 * Program files: ELF headers, first lines of scripts, and the reason why a file
 * does not run.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "fuzz.h"
#include "process/elf.h"
#include "process/image.h"
#include "process/program_kind.h"

static void
keep(const struct program_kind *kind)
{
	struct program_kind again;
	json_t *saved = program_kind_save(kind);
	char text[128];

	FUZZ_EXPECT(program_kind_restore(&again, saved) == 0);
	FUZZ_EXPECT(again.libc == kind->libc && again.bits == kind->bits);
	json_decref(saved);
	program_kind_describe(kind, text, sizeof(text));
	FUZZ_EXPECT(strlen(text) < sizeof(text));
}

static void
explain(const char *path)
{
	static const int errors[] = { ENOENT, ENOEXEC, EACCES, ELIBBAD, ETXTBSY,
		ELOOP };
	char cause[256];
	json_t *text;
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		cause[0] = '\0';
		image_explain(path, errors[i], cause, sizeof(cause));
		FUZZ_EXPECT(cause[0] != '\0' && strchr(cause, '\n') == NULL);
		/* Else nobody could be told the reason. */
		text = json_string(cause);
		FUZZ_EXPECT(text != NULL);
		json_decref(text);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct program_kind kind;
	static struct elf elf;
	int fd = memfd_create("program", MFD_CLOEXEC);
	char path[64];

	FUZZ_EXPECT(fd != -1 && fd_write_all(fd, data, size) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (elf_read(&elf, fd) == 0) {
		FUZZ_EXPECT(elf.is_truncated || elf.machine[0] != '\0');
		FUZZ_EXPECT(strnlen(elf.interpreter, sizeof(elf.interpreter)) <
		    sizeof(elf.interpreter));
	}
	if (program_kind_read(&kind, path) == 0)
		keep(&kind);
	explain(path);
	close(fd);
	return 0;
}
