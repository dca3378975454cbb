/* SPDX-License-Identifier: ISC */
/*
 * What the headers of an ELF file say.  The file is not trusted: each number in
 * it is compared with the file's size.
 */
#include "process/elf.h"

#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names of uname(2), or as near as the header can tell. */
static const struct {
	unsigned int machine;
	const char *name;
} machines[] = {
	{ EM_386, "i386" },
	{ EM_X86_64, "x86_64" },
	{ EM_ARM, "arm" },
	{ EM_AARCH64, "aarch64" },
	{ EM_RISCV, "riscv" },
	{ EM_PPC, "ppc" },
	{ EM_PPC64, "ppc64" },
	{ EM_S390, "s390x" },
	{ EM_MIPS, "mips" },
	{ EM_SPARC, "sparc" },
	{ EM_SPARCV9, "sparc64" },
	{ EM_LOONGARCH, "loongarch64" },
	{ EM_IA_64, "ia64" },
	{ EM_ALPHA, "alpha" },
	{ EM_PARISC, "parisc" },
	{ EM_68K, "m68k" },
	{ EM_SH, "sh" },
	{ EM_BPF, "bpf" },
};

/* Where the fields are, and their width, which depend on the word size. */
struct layout {
	size_t header_size;
	size_t e_phoff, e_phentsize, e_phnum;
	size_t p_offset, p_filesz, p_size;
	size_t word;
};

static const struct layout narrow = {
	.header_size = sizeof(Elf32_Ehdr),
	.e_phoff = offsetof(Elf32_Ehdr, e_phoff),
	.e_phentsize = offsetof(Elf32_Ehdr, e_phentsize),
	.e_phnum = offsetof(Elf32_Ehdr, e_phnum),
	.p_offset = offsetof(Elf32_Phdr, p_offset),
	.p_filesz = offsetof(Elf32_Phdr, p_filesz),
	.p_size = sizeof(Elf32_Phdr),
	.word = sizeof(Elf32_Off),
};

static const struct layout wide = {
	.header_size = sizeof(Elf64_Ehdr),
	.e_phoff = offsetof(Elf64_Ehdr, e_phoff),
	.e_phentsize = offsetof(Elf64_Ehdr, e_phentsize),
	.e_phnum = offsetof(Elf64_Ehdr, e_phnum),
	.p_offset = offsetof(Elf64_Phdr, p_offset),
	.p_filesz = offsetof(Elf64_Phdr, p_filesz),
	.p_size = sizeof(Elf64_Phdr),
	.word = sizeof(Elf64_Off),
};

/* Read a number in the byte order of the file. */
static uint64_t
number(const uint8_t *header, size_t at, size_t width, bool big_endian)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < width; i++)
		value =
		    value << 8 | header[at + (big_endian ? i : width - 1 - i)];
	return value;
}

static void
name_machine(struct elf *elf, unsigned int machine)
{
	size_t i;

	for (i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i].machine == machine) {
			strlcpy(elf->machine, machines[i].name,
			    sizeof(elf->machine));
			return;
		}
	snprintf(elf->machine, sizeof(elf->machine), "machine %u", machine);
}

static void
read_segment(struct elf *elf, int fd, uint64_t file_size,
    const struct layout *layout, const uint8_t *segment, bool big_endian)
{
	uint64_t type = number(segment, 0, sizeof(Elf64_Word), big_endian);
	uint64_t at, len;
	ssize_t n;

	at = number(segment, layout->p_offset, layout->word, big_endian);
	len = number(segment, layout->p_filesz, layout->word, big_endian);
	if ((type == PT_LOAD || type == PT_INTERP) &&
	    (at > file_size || len > file_size - at)) {
		elf->is_truncated = true;
		return;
	}
	if (type != PT_INTERP || len == 0 || len > sizeof(elf->interpreter))
		return;
	n = pread(fd, elf->interpreter, len, (off_t)at);
	elf->interpreter[n == (ssize_t)len ? n - 1 : 0] = '\0';
}

static void
read_segments(struct elf *elf, int fd, uint64_t file_size,
    const struct layout *layout, const uint8_t *header, bool big_endian)
{
	uint8_t segment[sizeof(Elf64_Phdr)];
	uint64_t at, step, n, i;

	at = number(header, layout->e_phoff, layout->word, big_endian);
	step =
	    number(header, layout->e_phentsize, sizeof(Elf64_Half), big_endian);
	n = number(header, layout->e_phnum, sizeof(Elf64_Half), big_endian);
	for (i = 0; i < n && !elf->is_truncated; i++) {
		if (at > file_size || i * step > file_size - at ||
		    pread(fd, segment, layout->p_size,
			(off_t)(at + i * step)) != (ssize_t)layout->p_size)
			elf->is_truncated = true;
		else
			read_segment(
			    elf, fd, file_size, layout, segment, big_endian);
	}
}

int
elf_read(struct elf *elf, int fd)
{
	uint8_t header[sizeof(Elf64_Ehdr)] = { 0 };
	const struct layout *layout;
	struct stat st;
	bool big_endian;
	uint64_t type;
	ssize_t n;

	memset(elf, 0, sizeof(*elf));
	if (fstat(fd, &st) == -1 ||
	    (n = pread(fd, header, sizeof(header), 0)) == -1)
		return -1;
	if (n < SELFMAG || memcmp(header, ELFMAG, SELFMAG) != 0) {
		errno = ENOEXEC;
		return -1;
	}
	layout = header[EI_CLASS] == ELFCLASS64 ? &wide : &narrow;
	big_endian = header[EI_DATA] == ELFDATA2MSB;
	if ((size_t)n < layout->header_size) {
		elf->is_truncated = true;
		return 0;
	}
	name_machine(elf,
	    (unsigned int)number(header, offsetof(Elf64_Ehdr, e_machine),
		sizeof(Elf64_Half), big_endian));
	type = number(header, offsetof(Elf64_Ehdr, e_type), sizeof(Elf64_Half),
	    big_endian);
	elf->is_program = type == ET_EXEC || type == ET_DYN;
	read_segments(
	    elf, fd, (uint64_t)st.st_size, layout, header, big_endian);
	return 0;
}
