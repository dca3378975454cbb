/* SPDX-License-Identifier: ISC */
/*
 * What may be secret in a text that is shown to others.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

/*
 * Take the user with the password, and the query, out of each URL in a text, in
 * place.  A colon before a space, or at the end, is not part of a URL.
 */
void secret_hide(char *text);

#endif
