/* SPDX-License-Identifier: ISC */
/*
 * The addresses of a check's host, found before the prober is cut off from
 * the files and services by which names are resolved.
 */
#ifndef PROBE_RESOLVE_H
#define PROBE_RESOLVE_H

#include <curl/curl.h>

#include "probe/check.h"

/*
 * Those of the URL's host, of the source's family if there is a source, *new*
 * in *known as CURLOPT_RESOLVE has them.  -1 with the verdict set; where the
 * check's time passes meanwhile, this is said and the process ends.
 */
int resolve_host(const struct check *, CURLU *url, struct curl_slist **known,
    struct verdict *);

#endif
