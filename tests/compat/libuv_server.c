/* SPDX-License-Identifier: ISC */
/*
 * libuv_server PORT: a web server on libuv, as small as it can be.
 */
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nit works\n"

static void
closed(uv_handle_t *handle)
{
	free(handle);
}

static void
make_room(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
	static char room[4096]; /* what it was asked does not matter */

	*buffer = uv_buf_init(room, sizeof(room));
}

static void
written(uv_write_t *request, int status)
{
	free(request);
}

static void
received(uv_stream_t *client, ssize_t n, const uv_buf_t *buffer)
{
	uv_buf_t answer = uv_buf_init((char *)ANSWER, strlen(ANSWER));
	uv_write_t *request;

	if (n < 0) {
		uv_close((uv_handle_t *)client, closed);
		return;
	}
	if (n > 0 && (request = malloc(sizeof(*request))) != NULL)
		uv_write(request, client, &answer, 1, written);
}

static void
connected(uv_stream_t *server, int status)
{
	uv_tcp_t *client = malloc(sizeof(*client));

	if (status < 0 || client == NULL)
		abort();
	uv_tcp_init(server->loop, client);
	if (uv_accept(server, (uv_stream_t *)client) == 0)
		uv_read_start((uv_stream_t *)client, make_room, received);
	else
		uv_close((uv_handle_t *)client, closed);
}

int
main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	struct sockaddr_in address;
	uv_tcp_t server;

	if (argc != 2 ||
	    uv_ip4_addr("127.0.0.1", atoi(argv[1]), &address) != 0 ||
	    uv_tcp_init(loop, &server) != 0 ||
	    uv_tcp_bind(&server, (struct sockaddr *)&address, 0) != 0 ||
	    uv_listen((uv_stream_t *)&server, 1024, connected) != 0)
		return 1;
	return uv_run(loop, UV_RUN_DEFAULT);
}
