// SPDX-License-Identifier: ISC

// Clients of HTTP/3: http3_client ADDRESS CONNECTIONS CONTROL
//
// Each connection has one request after the other, a tenth of a second apart.
// CONTROL is a FIFO with a command a line: "mark FILE", and what was seen since
// the last mark is in that file; "stop".
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/lucas-clemente/quic-go"
	"github.com/lucas-clemente/quic-go/http3"
)

func open() *net.UDPConn {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		panic(err)
	}
	return conn
}

type tally struct {
	sync.Mutex
	requests, failed, dials int
	answers                 map[string]int
	why                     string
}

func client(address string, conn *net.UDPConn, t *tally) {
	to, err := net.ResolveUDPAddr("udp4", address)
	if err != nil {
		panic(err)
	}
	transport := &http3.RoundTripper{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		Dial: func(ctx context.Context, _ string, tlsConfig *tls.Config,
			config *quic.Config) (quic.EarlyConnection, error) {
			t.Lock()
			t.dials++
			t.Unlock()
			return quic.DialEarlyContext(ctx, conn, to, "localhost", tlsConfig, config)
		},
	}
	get := &http.Client{Transport: transport, Timeout: 5 * time.Second}
	for {
		answer, err := get.Get("https://" + address + "/")
		body := []byte{}
		if err == nil {
			body, err = io.ReadAll(answer.Body)
			answer.Body.Close()
		}
		t.Lock()
		t.requests++
		if err != nil {
			t.failed++
			t.why = err.Error()
		} else {
			t.answers[strings.TrimSpace(string(body))]++
		}
		t.Unlock()
		time.Sleep(100 * time.Millisecond)
	}
}

func (t *tally) report(file string) {
	t.Lock()
	defer t.Unlock()
	text := fmt.Sprintf(`{"requests":%d,"failed":%d,"dials":%d,"why":%q,"answers":{`,
		t.requests, t.failed, t.dials, t.why)
	separator := ""
	for who, n := range t.answers {
		text += fmt.Sprintf("%s%q:%d", separator, who, n)
		separator = ","
	}
	os.WriteFile(file+".new", []byte(text+"}}\n"), 0o644)
	os.Rename(file+".new", file)
	t.requests, t.failed, t.dials, t.why = 0, 0, 0, ""
	t.answers = map[string]int{}
}

func main() {
	var count int
	fmt.Sscan(os.Args[2], &count)
	t := &tally{answers: map[string]int{}}
	for i := 0; i < count; i++ {
		go client(os.Args[1], open(), t)
	}
	syscall.Mkfifo(os.Args[3], 0o600)
	control, err := os.OpenFile(os.Args[3], os.O_RDWR, 0)
	if err != nil {
		panic(err)
	}
	for lines := bufio.NewScanner(control); lines.Scan(); {
		words := strings.Fields(lines.Text())
		switch words[0] {
		case "mark":
			t.report(words[1])
		case "stop":
			return
		}
	}
}
