/* SPDX-License-Identifier: ISC */
/*
 * What a recovery consists of.  For recovery.c and saving.c alone.
 */
#ifndef SERVICE_RECOVERY_FIELDS_H
#define SERVICE_RECOVERY_FIELDS_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>

#include "keep/checkpoint.h"
#include "keep/copy.h"

struct recovery {
	struct checkpoint checkpoint;
	json_t *document; /* what was read, until it is used */
	struct copy copy;
	json_t *life; /* this supervisor's identity, for the copy */
	bool first;
	bool settled;	    /* no older build gets to read this any more */
	bool unwritten;	    /* the last document could not be written */
	bool uncopied;	    /* the last copy could not be written */
	struct event *turn; /* active if something has changed in this turn */
};

#endif
