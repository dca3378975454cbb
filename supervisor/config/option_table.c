/* SPDX-License-Identifier: ISC */
/*
 * The rows.  A new option needs a row here and a member of struct options, and
 * nothing else.
 */
#include <stddef.h>

#include "base/log.h"
#include "base/logfile.h"
#include "config/option_check.h"
#include "config/option.h"
#include "process/shim.h"
#include "process/spawn.h"

/* The words stand in the order of their enumerations. */
static const char *const unhealthy_words[] = { "report", "restart", NULL };
static const char *const ready_words[] = { "auto", "notify", "listen", NULL };
static const char *const strategy_words[] = { "overlap", "exclusive", NULL };
static const char *const restart_words[] = { "always", "on-failure", "never",
	NULL };
static const char *const log_words[] = { "text", "json", NULL };
static const char *const shim_words[] = { "auto", "seccomp", "preload", "off",
	NULL };
static const char *const steering_words[] = { "auto", "ebpf", "classic", NULL };
static const char *const pass_words[] = { "systemd", "server-starter",
	"einhorn", "nginx", NULL };

_Static_assert(UNHEALTHY_REPORT == 0 && UNHEALTHY_RESTART == 1, "words");
_Static_assert(
    READY_AUTO == 0 && READY_NOTIFY == 1 && READY_LISTEN == 2, "words");
_Static_assert(
    RESTART_ALWAYS == 0 && RESTART_ON_FAILURE == 1 && RESTART_NEVER == 2,
    "words");
_Static_assert(STRATEGY_OVERLAP == 0 && STRATEGY_EXCLUSIVE == 1, "words");
_Static_assert(LOG_TEXT == 0 && LOG_JSON == 1, "words");
_Static_assert(
    SHIM_AUTO == 0 && SHIM_SECCOMP == 1 && SHIM_PRELOAD == 2 && SHIM_OFF == 3,
    "words");
_Static_assert(
    STEER_BY_AUTO == 0 && STEER_BY_EBPF == 1 && STEER_BY_CLASSIC == 2, "words");
_Static_assert(PASS_SYSTEMD == 1 && PASS_SERVER_STARTER == 2 &&
	PASS_EINHORN == 4 && PASS_NGINX == 8,
    "words");

#define AT(member)  .offset = offsetof(struct options, member)
#define FOR_UPGRADE .for_upgrade = true

/*
 * A member of --control-group may decide how a rollout goes, but not which
 * command runs, what the program is told, or what counts as healthy.
 */
#define FOR_MEMBERS FOR_UPGRADE, .for_members = true

/* clang-format off */
const struct option_row option_table[] = {
	{ "name", 'n', OPTION_STRING, AT(name), .metavar = "NAME",
	    .validate = option_check_name,
	    .help = "the service's name (default: the program's base name)" },
	{ "config", 'c', OPTION_STRING, AT(config), .metavar = "FILE",
	    .help = "read options from a JSON file, hotswap-config(5)" },
	{ "listen", 'l', OPTION_LIST, AT(listen),
	    .metavar = "[FDNAME=]ADDRESS", .validate = option_check_listen,
	    .help = "listen here and pass the socket; may be repeated" },
	{ "backlog", 0, OPTION_COUNT, AT(backlog), .metavar = "N",
	    .fallback = "4096", .validate = option_check_positive,
	    .help = "how many connections may wait in the queue of a socket" },
	{ "shim", 0, OPTION_WORD, AT(shim),
	    .metavar = "auto|seccomp|preload|off", .fallback = "auto",
	    .words = shim_words,
	    .help = "how hotswap sees the program's own sockets, "
	    "hotswap-shim(7)" },
	{ "steering", 0, OPTION_WORD, AT(steering),
	    .metavar = "auto|ebpf|classic", .fallback = "auto",
	    .words = steering_words,
	    .help = "which BPF program chooses who gets a connection" },
	{ "udp-idle", 0, OPTION_DURATION, AT(udp_idle_ms), .metavar = "T",
	    .fallback = "30s", .validate = option_check_positive,
	    .help = "a flow of UDP that is silent for longer has ended" },
	{ "ignore", 0, OPTION_LIST, AT(ignore), .metavar = "ADDRESS",
	    .validate = option_check_address,
	    .help = "an address that the shim leaves alone; may be repeated" },
	{ "pass", 0, OPTION_WORDS, AT(pass), .metavar = "PROTOCOLS",
	    .fallback = "systemd,server-starter,einhorn",
	    .words = pass_words,
	    .help = "protocols by which sockets are passed, also nginx" },
	{ "health", 0, OPTION_LIST, AT(health), .metavar = "CHECK",
	    .validate = option_check_health, FOR_UPGRADE,
	    .help = "http:, https:, tcp:, grpc:, unix: or exec: check; may "
	    "be repeated (default: that the program accepts)" },
	{ "health-interval", 0, OPTION_DURATION, AT(health_interval_ms),
	    .metavar = "T", .fallback = "500ms",
	    .validate = option_check_positive, FOR_UPGRADE,
	    .help = "time from one check to the next" },
	{ "health-timeout", 0, OPTION_DURATION, AT(health_timeout_ms),
	    .metavar = "T", .fallback = "2s",
	    .validate = option_check_positive, FOR_UPGRADE,
	    .help = "time that one check may take" },
	{ "health-passes", 0, OPTION_COUNT, AT(health_passes),
	    .metavar = "N", .fallback = "1",
	    .validate = option_check_positive, FOR_UPGRADE,
	    .help = "passes in a row that make a generation healthy" },
	{ "health-failures", 0, OPTION_COUNT, AT(health_failures),
	    .metavar = "N", .fallback = "3",
	    .validate = option_check_positive, FOR_UPGRADE,
	    .help = "failures in a row that make a generation unhealthy" },
	{ "warm", 0, OPTION_STRING, AT(warm), .metavar = "URL",
	    .validate = option_check_warm, FOR_UPGRADE,
	    .help = "ask a new generation this, often, before its first "
	    "share" },
	{ "warm-count", 0, OPTION_COUNT, AT(warm_count), .metavar = "N",
	    .fallback = "2000",
	    .validate = option_check_positive, FOR_UPGRADE,
	    .help = "requests of the warm-up, at most" },
	{ "warm-parallel", 0, OPTION_COUNT, AT(warm_parallel),
	    .metavar = "M", .fallback = "4",
	    .validate = option_check_parallel, FOR_UPGRADE,
	    .help = "connections of the warm-up" },
	{ "store-max", 0, OPTION_COUNT, AT(store_max), .metavar = "N",
	    .fallback = "512",
	    .help = "descriptors that a program may store with FDSTORE=1" },
	{ "on-unhealthy", 0, OPTION_WORD, AT(on_unhealthy),
	    .metavar = "report|restart", .fallback = "report",
	    .words = unhealthy_words,
	    .help = "what failing checks do outside a rollout" },
	{ "ready", 0, OPTION_READY, AT(ready),
	    .metavar = "auto|notify|listen|exec:[+]COMMAND|T",
	    .fallback = "auto", .words = ready_words,
	    .validate = option_check_ready, FOR_UPGRADE,
	    .help = "what makes a generation ready" },
	{ "start-timeout", 0, OPTION_DURATION, AT(start_timeout_ms),
	    .metavar = "T", .fallback = "30s",
	    .validate = option_check_positive, FOR_MEMBERS,
	    .help = "time until a generation must be ready and healthy" },
	{ "check", 0, OPTION_STRING, AT(check), .metavar = "[+]COMMAND",
	    .validate = option_check_command, FOR_UPGRADE,
	    .help = "must exit 0 before a candidate is started; runs as the "
	    "program's user, after a + as the supervisor's" },
	{ "canary", 0, OPTION_SHARES, AT(canary), .metavar = "LIST",
	    FOR_MEMBERS,
	    .help = "shares in percent on the way to 100, as 5,25,50; none: "
	    "straight to 100 (the default)" },
	{ "step-time", 0, OPTION_DURATION, AT(step_ms), .metavar = "T",
	    .fallback = "30s", .validate = option_check_positive, FOR_MEMBERS,
	    .help = "how long each share on the way is held" },
	{ "sticky", 0, OPTION_FLAG, AT(sticky), FOR_MEMBERS,
	    .help = "choose by the client's address instead of at random" },
	{ "preview", 0, OPTION_LIST, AT(preview), .metavar = "NET",
	    .validate = option_check_net, FOR_MEMBERS,
	    .help = "this source network gets the candidate from the first "
	    "share on; may be repeated" },
	{ "strategy", 0, OPTION_WORD, AT(strategy),
	    .metavar = "overlap|exclusive", .fallback = "overlap",
	    .words = strategy_words, FOR_UPGRADE,
	    .help = "exclusive: the old generation ends before the new one "
	    "starts" },
	{ "bake", 0, OPTION_DURATION, AT(bake_ms), .metavar = "T",
	    .fallback = "5s", FOR_MEMBERS,
	    .help = "time at 100 % in which a failure takes the candidate "
	    "back" },
	{ "keep", 0, OPTION_DURATION, AT(keep_ms), .metavar = "T",
	    .fallback = "5m", FOR_MEMBERS,
	    .help = "time the old process stays ready to take over" },
	{ "park-signal", 0, OPTION_SIGNAL, AT(park_signal),
	    .metavar = "SIG", FOR_UPGRADE,
	    .help = "sent to the old process when it is parked" },
	{ "unpark-signal", 0, OPTION_SIGNAL, AT(unpark_signal),
	    .metavar = "SIG", FOR_UPGRADE,
	    .help = "sent to a parked process before it takes over again" },
	{ "watchdog", 0, OPTION_DURATION, AT(watchdog_ms), .metavar = "T",
	    FOR_UPGRADE,
	    .help = "the program must send WATCHDOG=1 this often; 0 (the "
	    "default): never" },
	{ "retain", 0, OPTION_COUNT, AT(retain), .metavar = "N",
	    .fallback = "3",
	    .help = "images kept for rollback" },
	{ "drain-timeout", 0, OPTION_DURATION, AT(drain_timeout_ms),
	    .metavar = "T", .fallback = "60s", .endless = true, FOR_MEMBERS,
	    .help = "time for the old generation's connections to end; none: "
	    "without a bound" },
	{ "drain-idle", 0, OPTION_DURATION, AT(drain_idle_ms),
	    .metavar = "T", FOR_MEMBERS,
	    .help = "end the old generation's idle connections, spread over "
	    "this time; 0 (the default): leave them open" },
	{ "stop-signal", 0, OPTION_SIGNAL, AT(stop_signal),
	    .metavar = "SIG", .fallback = "SIGTERM", FOR_UPGRADE,
	    .help = "asks the program to stop gracefully" },
	{ "stop-timeout", 0, OPTION_DURATION, AT(stop_timeout_ms),
	    .metavar = "T", .fallback = "10s", FOR_UPGRADE,
	    .help = "time before SIGTERM, and before SIGKILL" },
	{ "restart", 0, OPTION_WORD, AT(restart),
	    .metavar = "always|on-failure|never", .fallback = "always",
	    .words = restart_words,
	    .help = "when a generation that ends by itself is started again" },
	{ "restart-limit", 0, OPTION_LIMIT, AT(restart_limit),
	    .metavar = "N/T", .fallback = "5/60s",
	    .help = "after N restarts within the time T a generation is given "
	    "up" },
	{ "user", 0, OPTION_STRING, AT(user), .metavar = "USER",
	    .help = "run the program as this user" },
	{ "group", 0, OPTION_STRING, AT(group), .metavar = "GROUP",
	    .help = "run the program with this group" },
	{ "chdir", 0, OPTION_STRING, AT(chdir), .metavar = "DIRECTORY",
	    .help = "run the program in this directory" },
	{ "umask", 0, OPTION_UMASK, AT(umask), .metavar = "MASK",
	    .help = "run the program with this umask, in octal" },
	{ "env", 0, OPTION_LIST, AT(env), .metavar = "K=V",
	    .validate = option_check_env,
	    .help = "a variable for the program's environment; K alone passes "
	    "on hotswap's own value; may be repeated" },
	{ "clear-env", 0, OPTION_FLAG, AT(clear_env),
	    .help = "give the program nothing of the supervisor's environment" },
	{ "no-new-privs", 0, OPTION_FLAG, AT(no_new_privs),
	    .help = "set-user-ID programs that the program starts give no "
	    "privilege" },
	{ "pidfile", 0, OPTION_STRING, AT(pidfile), .metavar = "FILE",
	    .help = "write the supervisor's PID into this file" },
	{ "child-pidfile", 0, OPTION_STRING, AT(child_pidfile),
	    .metavar = "FILE",
	    .help = "write the PID of the program that serves into this file, "
	    "and the old program's into FILE.oldbin while both run" },
	{ "hook", 0, OPTION_LIST, AT(hook), .metavar = "EVENT=[+]COMMAND",
	    .validate = option_check_hook,
	    .help = "run a command at an event, as the program's user, after a "
	    "+ as the supervisor's; may be repeated" },
	{ "quiet", 0, OPTION_FLAG, AT(quiet), FOR_UPGRADE,
	    .help = "until its first share, a candidate yields the processor "
	    "to what serves" },
	{ "migrate-queued", 0, OPTION_FLAG, AT(migrate_queued),
	    .help = "set the sysctl net.ipv4.tcp_migrate_req" },
	{ "control-group", 0, OPTION_STRING, AT(control_group),
	    .metavar = "GROUP",
	    .help = "members of this group may upgrade, roll back and look, "
	    "but not choose what is run" },
	{ "log-format", 0, OPTION_WORD, AT(log_format),
	    .metavar = "text|json", .fallback = "text", .words = log_words,
	    .help = "format of the supervisor's own messages, on stderr" },
	{ "log-max", 0, OPTION_SIZE, AT(log_max), .metavar = "SIZE",
	    .fallback = LOGFILE_FALLBACK, .validate = option_check_log_max,
	    .help = "size of the log, and of the program's output, at which a "
	    "new file is begun (K, M, G); 0: no bound" },
	{ "no-image-copy", 0, OPTION_FLAG, AT(no_image_copy),
	    .help = "do not keep private copies of program files" },
	{ "image-path", 0, OPTION_STRING, AT(image_path),
	    .metavar = "DIRECTORY",
	    .help = "keep what is in this directory with the program: a "
	    "restart or a rollback finds it as it was" },
};
/* clang-format on */

const size_t option_count = sizeof(option_table) / sizeof(option_table[0]);
