/* SPDX-License-Identifier: ISC */
/*
 * The addresses of a check's host, which are looked up before the prober gives
 * up the files and services that this needs.
 */
#ifndef PROBE_RESOLVE_H
#define PROBE_RESOLVE_H

#include <curl/curl.h>

#include "probe/check.h"

/*
 * The addresses of the URL's host, of the source's family if there is a source,
 * *new* in *known as CURLOPT_RESOLVE needs them.  -1 with the verdict set.  If
 * the check's time passes, a message is printed and the process ends.
 */
int resolve_host(const struct check *, CURLU *url, struct curl_slist **known,
    struct verdict *);

#endif
