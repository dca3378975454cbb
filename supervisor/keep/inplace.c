/* SPDX-License-Identifier: ISC */
/*
 * Replacing the program of this process with execve(2).
 */
#include "keep/inplace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/foreign.h"
#include "base/partner.h"
#include "base/proc.h"
#include "keep/fdset.h"

/* This process's arguments, *new*: the vector, and in *text the words. */
static char **
read_arguments(char **text)
{
	size_t len, n = 0, i;
	char **argv, *word;

	*text = proc_arguments(PROC_SELF, &len);
	if (*text == NULL)
		return NULL;
	for (i = 0; i < len; i++)
		n += (*text)[i] == '\0';
	if ((argv = calloc(n + 1, sizeof(*argv))) == NULL) {
		free(*text);
		*text = NULL;
		return NULL;
	}
	for (word = *text, i = 0; i < n; word += strlen(word) + 1)
		argv[i++] = word;
	return argv;
}

int
inplace_exec(struct fdset *fdset, int exe, int otherwise)
{
	int apart[2] = { exe, otherwise }, saved;
	char *text, **argv = read_arguments(&text);
	size_t i;

	foreign_rest();
	if (argv != NULL && fdset_hand_over(fdset, apart, 2) == 0) {
		/* It would have what we have open for ever. */
		if (partner_end() == 0)
			for (i = 0; i < 2 && apart[i] != -1; i++)
				fexecve(apart[i], argv, environ);
		saved = errno;
		(void)partner_start();
		fdset_take_back(fdset);
	} else
		saved = errno;
	for (i = 0; i < 2; i++)
		fd_close(&apart[i]);
	free(argv);
	free(text);
	errno = saved;
	return -1;
}
