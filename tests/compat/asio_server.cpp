// SPDX-License-Identifier: ISC
// asio_server PORT: a web server on Asio, which Boost.Asio is too.  Asio
// registers its socket with epoll before it binds the socket.
#define ASIO_STANDALONE
#include <asio.hpp>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>

using asio::ip::tcp;

static const std::string answer =
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nit works\n";

class session : public std::enable_shared_from_this<session> {
public:
	explicit session(tcp::socket socket) : socket_(std::move(socket)) {}

	void
	read()
	{
		auto self = shared_from_this();

		socket_.async_read_some(asio::buffer(buffer_),
		    [this, self](std::error_code error, std::size_t) {
			    if (!error)
				    write();
		    });
	}

private:
	void
	write()
	{
		auto self = shared_from_this();

		asio::async_write(socket_, asio::buffer(answer),
		    [this, self](std::error_code error, std::size_t) {
			    if (!error)
				    read();
		    });
	}

	tcp::socket socket_;
	std::array<char, 4096> buffer_;
};

static void
accept(tcp::acceptor &acceptor)
{
	acceptor.async_accept(
	    [&acceptor](std::error_code error, tcp::socket socket) {
		    if (!error)
			    std::make_shared<session>(std::move(socket))->read();
		    accept(acceptor);
	    });
}

int
main(int argc, char **argv)
{
	asio::io_context context(1);
	auto port = static_cast<unsigned short>(std::atoi(argv[argc - 1]));
	tcp::acceptor acceptor(
	    context, tcp::endpoint(asio::ip::address_v4::loopback(), port));

	accept(acceptor);
	context.run();
}
