/* SPDX-License-Identifier: ISC */
/*
 * The version that the build has set.
 */
#include "base/version.h"

#include "settings.h"

const char version_text[] = HOTSWAP_VERSION;
