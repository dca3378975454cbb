/* SPDX-License-Identifier: ISC */
/*
 * Calls of etcd's JSON gateway: which member, TLS, and who we are.
 */
#ifndef FLEET_ETCD_POST_H
#define FLEET_ETCD_POST_H

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct conf;
struct etcd_post;

enum posted {
	POST_ANSWERED,
	POST_REFUSED, /* nothing was done: this user may not */
	POST_UNSENT,  /* nothing was done: no member could be reached */
	POST_UNKNOWN, /* a member may have done it */
};

/* conf is borrowed.  *New*; NULL with ENOMEM. */
struct etcd_post *etcd_post_new(const struct conf *);
void etcd_post_free(struct etcd_post *);

/*
 * Make one call, at the next member where one cannot be reached; with again
 * also where one does not answer, which is for calls that change nothing.
 * *Steals* body.  The reply is *new*; why says what went wrong.
 */
enum posted etcd_post(struct etcd_post *, const char *path, json_t *body,
    bool again, json_t **reply, char *why, size_t size);

/*
 * Prepare a handle for a call that goes on, *new*: the caller adds where the
 * answer goes, and releases it with curl_easy_cleanup.  *Steals* body.
 * etcd_post_skip: that member does not answer; the next call takes another one.
 */
CURL *etcd_post_prepare(struct etcd_post *, const char *path, json_t *body);
void etcd_post_skip(struct etcd_post *);

/* The index of the member that the next call asks. */
size_t etcd_post_member(const struct etcd_post *);

#endif
