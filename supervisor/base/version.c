/* SPDX-License-Identifier: ISC */
/*
 * The version, as the build has set it.
 */
#include "base/version.h"

#include "settings.h"

const char version_text[] = HOTSWAP_VERSION;
