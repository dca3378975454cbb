/* SPDX-License-Identifier: ISC */
/*
 * Where things are: control sockets in the runtime directory; images, history
 * and logs in the state directory of each service.
 *
 *   runtime  $HOTSWAP_RUNTIME_DIR; root: /run/hotswap; others:
 *            $XDG_RUNTIME_DIR/hotswap, else /tmp/hotswap-UID
 *   state    $HOTSWAP_STATE_DIR/NAME; root: /var/lib/hotswap/NAME; others:
 *            $XDG_STATE_HOME/hotswap/NAME, else ~/.local/state/hotswap/NAME
 */
#ifndef BASE_PATHS_H
#define BASE_PATHS_H

#include <limits.h>
#include <stdbool.h>

/*
 * Write the directory into buf.  With create a missing one is made (runtime
 * 0700, state 0711), and owner and mode are checked, which a directory in /tmp
 * always is: EPERM if it is a link, belongs to another user or is writable by
 * others, or, for root, if others can change where the path leads.  -1 with
 * errno.
 */
int paths_runtime(char buf[static PATH_MAX], bool create);
int paths_state(const char *name, char buf[static PATH_MAX], bool create);

/*
 * Let other users pass through a directory but not list it: each file in it has
 * its own mode.  -1 with errno: EPERM if the directory is another user's,
 * ENOTDIR if it is a link.
 */
int paths_let_through(const char *path);

/* RUNTIME/NAME.sock */
int paths_control(const char *name, char buf[static PATH_MAX]);

/*
 * Bind or connect a Unix socket whose path may be longer than sun_path,
 * unix(7): the path is then taken through an open descriptor of its directory.
 * -1 with errno.
 */
int paths_bind(int sock, const char *path);
int paths_connect(int sock, const char *path);

#endif
