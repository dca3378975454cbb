/* SPDX-License-Identifier: ISC */
/*
 * The format of the checkpoint's files: one line with a sequence number, and
 * with the length and the SHA-256 of the document, which follows.
 */
#include "keep/checkpoint.h"

#include <errno.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

#define HEAD_SIZE 128
#define HEAD	  "hotswap-checkpoint %llu %zu %64s\n"
#define LARGEST	  (16 << 20)

const char *const checkpoint_names[CHECKPOINT_FILES] = { "checkpoint.0",
	"checkpoint.1" };

int
checkpoint_init(struct checkpoint *checkpoint)
{
	size_t i;

	checkpoint->sequence = 0;
	checkpoint->sha256[0] = '\0';
	checkpoint->fds[0] = checkpoint->fds[1] = -1;
	for (i = 0; i < CHECKPOINT_FILES; i++) {
		checkpoint->fds[i] =
		    memfd_create("hotswap-checkpoint", MFD_CLOEXEC);
		if (checkpoint->fds[i] == -1) {
			checkpoint_fini(checkpoint);
			return -1;
		}
	}
	return 0;
}

void
checkpoint_adopt(struct checkpoint *checkpoint, const int fds[CHECKPOINT_FILES])
{
	checkpoint->sequence = 0;
	checkpoint->sha256[0] = '\0';
	memcpy(checkpoint->fds, fds, sizeof(checkpoint->fds));
}

void
checkpoint_fini(struct checkpoint *checkpoint)
{
	size_t i;

	checkpoint->sha256[0] = '\0';
	for (i = 0; i < CHECKPOINT_FILES; i++)
		fd_close(&checkpoint->fds[i]);
}

/* Replace the content of the file. */
static int
write_file(int fd, const char *head, const char *text, size_t len)
{
	size_t n = strlen(head);

	/* The head is written last: without it the file is not complete. */
	if (ftruncate(fd, 0) == -1 ||
	    fd_write_at(fd, text, len, (off_t)n) == -1)
		return -1;
	return fd_write_at(fd, head, n, 0);
}

int
checkpoint_save(struct checkpoint *checkpoint, const json_t *document)
{
	char head[HEAD_SIZE], sha256[SHA256_DIGEST_STRING_LENGTH];
	unsigned long long sequence = checkpoint->sequence + 1;
	char *text = json_dumps(document, JSON_COMPACT);
	size_t len;
	int result = 0;

	if (text == NULL) {
		errno = ENOMEM;
		return -1;
	}
	len = strlen(text);
	SHA256Data((const uint8_t *)text, len, sha256);
	if (strcmp(sha256, checkpoint->sha256) != 0) {
		checkpoint->sha256[0] = '\0';
		snprintf(head, sizeof(head), HEAD, sequence, len, sha256);
		result =
		    write_file(checkpoint->fds[sequence % CHECKPOINT_FILES],
			head, text, len);
		if (result == 0) {
			checkpoint->sequence = sequence;
			strlcpy(checkpoint->sha256, sha256, sizeof(sha256));
		}
	}
	free(text);
	return result;
}

/* The file's document, *new*; NULL if the file is not complete. */
static json_t *
read_document(int fd, unsigned long long *sequence)
{
	char want[SHA256_DIGEST_STRING_LENGTH], have[sizeof(want)];
	json_t *document = NULL;
	char *text, *body;
	size_t len, n;

	if (fd == -1 || (text = fd_read_whole(fd, LARGEST, &len)) == NULL)
		return NULL;
	body = memchr(text, '\n', len);
	if (body != NULL && sscanf(text, HEAD, sequence, &n, want) == 3 &&
	    n == len - (size_t)(++body - text)) {
		SHA256Data((const uint8_t *)body, n, have);
		if (strcmp(want, have) == 0)
			document = json_loadb(body, n, 0, NULL);
	}
	free(text);
	return document;
}

json_t *
checkpoint_load(struct checkpoint *checkpoint, char *why, size_t size)
{
	json_t *newest = NULL, *document;
	unsigned long long sequence;
	json_int_t version;
	size_t i;

	for (i = 0; i < CHECKPOINT_FILES; i++) {
		document = read_document(checkpoint->fds[i], &sequence);
		if (document == NULL)
			continue;
		if (newest == NULL || sequence > checkpoint->sequence) {
			json_decref(newest);
			newest = document;
			checkpoint->sequence = sequence;
		} else
			json_decref(document);
	}
	if (newest == NULL) {
		snprintf(why, size, "it is torn or was tampered with");
		return NULL;
	}
	version = json_integer_value(json_object_get(newest, "version"));
	if (version >= 1 && version <= CHECKPOINT_VERSION)
		return newest;
	snprintf(why, size,
	    "it has version %lld, and this hotswap knows versions up to %d",
	    (long long)version, CHECKPOINT_VERSION);
	json_decref(newest);
	return NULL;
}
