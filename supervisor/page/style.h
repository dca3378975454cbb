/* SPDX-License-Identifier: ISC */
/*
 * How pages look: on paper, on a telephone, in light and dark.
 */
#ifndef PAGE_STYLE_H
#define PAGE_STYLE_H

extern const char style_text[];

#endif
