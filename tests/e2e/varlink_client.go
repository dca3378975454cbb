// SPDX-License-Identifier: ISC

// A client of the control socket that owes nothing to hotswap: the Varlink
// library for Go asks what the service is, what runs, and upgrades it.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/varlink/go/varlink"
	"github.com/varlink/go/varlink/idl"
)

const name = "org.hotswap.Supervisor"

type status struct {
	Status struct{ Active int }
}

type progress struct {
	Event   *struct{ Event, Message string }
	Outcome *struct {
		Result   string
		From, To int
	}
}

func introspect(ctx context.Context, c *varlink.Connection) {
	var vendor, product, version, url string
	var interfaces []string

	err := c.GetInfo(ctx, &vendor, &product, &version, &url, &interfaces)
	if err != nil {
		log.Fatal("GetInfo: ", err)
	}
	fmt.Println(product, interfaces)
	for _, each := range interfaces {
		text, err := c.GetInterfaceDescription(ctx, each)
		if err != nil {
			log.Fatal(each, ": ", err)
		}
		// This library is of before names could have capitals.
		parsed, err := idl.New(strings.ReplaceAll(
			text, "interface "+name, "interface "+strings.ToLower(name)))
		if err != nil {
			log.Fatal(each, ": ", err)
		}
		fmt.Println(each, len(parsed.Methods) > 0)
	}
}

func active(ctx context.Context, c *varlink.Connection) int {
	var s status

	if err := c.Call(ctx, name+".Status", nil, &s); err != nil {
		log.Fatal("Status: ", err)
	}
	return s.Status.Active
}

func upgrade(ctx context.Context, c *varlink.Connection) {
	receive, err := c.Send(ctx, name+".Upgrade", nil, varlink.More)
	if err != nil {
		log.Fatal("Upgrade: ", err)
	}
	events := 0
	for {
		var p progress

		flags, err := receive(ctx, &p)
		if err != nil {
			log.Fatal("Upgrade: ", err)
		}
		if flags&varlink.Continues == 0 {
			fmt.Println(events > 0, p.Outcome.Result, p.Outcome.From,
				p.Outcome.To)
			return
		}
		events++
	}
}

func main() {
	ctx := context.Background()
	c, err := varlink.NewConnection(ctx, "unix:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	introspect(ctx, c)
	fmt.Println("active", active(ctx, c))
	upgrade(ctx, c)
	fmt.Println("active", active(ctx, c))
	err = c.Call(ctx, name+".Rollback", map[string]int{"to": 99}, nil)
	fmt.Println(err)
	err = c.Call(ctx, name+".NoSuch", nil, nil)
	fmt.Println(err)
}
