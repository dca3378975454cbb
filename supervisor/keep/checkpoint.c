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

#define HEAD	"hotswap-checkpoint %llu %zu %64s\n"
#define LARGEST (16 << 20)

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

int
checkpoint_text_init(struct checkpoint_text *text, const json_t *document)
{
	text->body = json_dumps(document, JSON_COMPACT);
	if (text->body == NULL) {
		errno = ENOMEM;
		return -1;
	}
	text->len = strlen(text->body);
	SHA256Data((const uint8_t *)text->body, text->len, text->sha256);
	return 0;
}

void
checkpoint_text_fini(struct checkpoint_text *text)
{
	free(text->body);
	text->body = NULL;
}

/*
 * Replace the content of the file.  It is empty first: a write that is cut
 * short leaves less than the head tells, and nothing of the document before.
 */
static int
write_file(
    int fd, unsigned long long sequence, const struct checkpoint_text *text)
{
	char *whole;
	int n, result;

	n = asprintf(
	    &whole, HEAD "%s", sequence, text->len, text->sha256, text->body);
	if (n == -1)
		return -1;
	result = ftruncate(fd, 0);
	if (result == 0)
		result = fd_write_at(fd, whole, (size_t)n, 0);
	free(whole);
	return result;
}

int
checkpoint_write(
    struct checkpoint *checkpoint, const struct checkpoint_text *text)
{
	unsigned long long sequence = checkpoint->sequence + 1;
	int fd = checkpoint->fds[sequence % CHECKPOINT_FILES];

	if (strcmp(text->sha256, checkpoint->sha256) == 0)
		return 0;
	checkpoint->sha256[0] = '\0';
	if (write_file(fd, sequence, text) == -1)
		return -1;
	checkpoint->sequence = sequence;
	strlcpy(checkpoint->sha256, text->sha256, sizeof(checkpoint->sha256));
	return 0;
}

int
checkpoint_save(struct checkpoint *checkpoint, const json_t *document)
{
	struct checkpoint_text text;
	int result;

	if (checkpoint_text_init(&text, document) == -1)
		return -1;
	result = checkpoint_write(checkpoint, &text);
	checkpoint_text_fini(&text);
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
