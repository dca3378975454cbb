/* SPDX-License-Identifier: ISC */
/*
 * What a program has set on a socket of its own, to be kept when it is given
 * another one instead.
 */
#ifndef TRAFFIC_SETTINGS_H
#define TRAFFIC_SETTINGS_H

/*
 * Give a socket the other's settings, as far as they are set before bind(2)
 * and do not say where it is bound.  What cannot be set stays as it was.
 */
void settings_copy(int from, int to);

#endif
